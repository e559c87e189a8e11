import { expect, test } from 'vitest'
import { domainStateOf, domainStates, pausedReasons, runningReasons } from '../../libvirt/wire/constants/domain-state.ts'
import type { Presence } from '../../libvirt/drive/presence.ts'
import { judge } from '../../libvirt/drive/undecided.ts'
import { whereaboutsOf } from './whereabouts.ts'

const at = { source: 'alpha', destination: 'beta' }
const running: Presence = { kind: 'active', state: domainStateOf(domainStates.running, runningReasons.booted), job: null }
const pausedBy = (reason: keyof typeof pausedReasons): Presence => ({ kind: 'active', state: domainStateOf(domainStates.paused, pausedReasons[reason]), job: null })
const absent: Presence = { kind: 'absent' }
const silent: Presence = { kind: 'unanswered', error: new Error('no') }
const tell = (source: Presence, destination: Presence, hasFinished = false) => whereaboutsOf(judge(source, destination), at, hasFinished)

test('it never invites to a second running copy', () => {
  const presences = [running, pausedBy('migration'), pausedBy('user'), pausedBy('postcopy'), pausedBy('postcopy-failed'), absent, silent]
  for (const source of presences) {
    for (const destination of presences) {
      const { steps } = tell(source, destination, true)
      if (steps.includes('resume-source')) expect([source, destination]).toEqual([pausedBy('migration'), absent])
    }
  }
})

test('the sentence names the hosts and what is the case there', () => {
  expect(tell(running, absent)).toEqual({ source: 'running', destination: 'absent', verdict: 'The VM runs on alpha, as before the move.', steps: [] })
  expect(tell(absent, running).verdict).toBe('The VM is on beta and runs.')
  expect(tell(pausedBy('migration'), absent)).toMatchObject({ source: 'paused', destination: 'absent', steps: ['resume-source'] })
  expect(tell(running, running)).toMatchObject({ steps: ['suspend-source'] })
  expect(tell(pausedBy('postcopy-failed'), absent).verdict).toContain('is lost')
  expect(tell(pausedBy('postcopy-failed'), pausedBy('postcopy-failed')).verdict).toContain('Recover the move')
})

test('a silent host is never taken for an empty one', () => {
  expect(tell(pausedBy('migration'), silent)).toMatchObject({ destination: 'unreachable', steps: [] })
  expect(tell(pausedBy('migration'), silent).verdict).toContain('It may run on beta')
  expect(tell(silent, silent).verdict).toContain('nowhere until both')
  expect(tell(running, silent).verdict).toContain('runs on alpha')
})

test('a source that was suspended after the switch is not called safe', () => {
  expect(tell(pausedBy('user'), absent, true)).toMatchObject({ steps: [] })
  expect(tell(pausedBy('user'), absent, true).verdict).toContain('only if you know')
  expect(tell(pausedBy('user'), absent, false).verdict).toContain('as before the move')
})

test('a source that stands still by a move that this one never came to is not to be resumed', () => {
  const found = judge(pausedBy('migration'), absent)
  expect(whereaboutsOf(found, at, false, false)).toMatchObject({ source: 'paused', destination: 'absent', verdict: expect.stringContaining('somebody else'), steps: [] })
  expect(whereaboutsOf(found, at, false, true)).toMatchObject({ steps: ['resume-source'] })
})
