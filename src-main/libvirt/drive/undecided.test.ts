import { describe, expect, it } from 'vitest'
import { Connection } from '../client/connection.ts'
import type { DomainState } from '../wire/constants/domain-state.ts'
import { arrived, daemon, pausedByMove, stand, uuid } from './move.fixture.ts'
import type { Presence } from './presence.ts'
import { judge, whereIs, type Verdict } from './undecided.ts'

const active = (state: DomainState, operation?: 'migration-in' | 'migration-out' | 'unknown'): Presence => ({
  kind: 'active',
  state,
  job: operation ? { operation } : null,
})
const absent: Presence = { kind: 'absent' }
const off: Presence = { kind: 'inactive', state: { state: 'shutoff', reason: 'destroyed' } }
const silent: Presence = { kind: 'unanswered', error: new Error('no answer') }
const running = active({ state: 'running', reason: 'booted' })
const suspended = active({ state: 'paused', reason: 'user' })
const left = active({ state: 'paused', reason: 'migration' })
const leaving = active({ state: 'running', reason: 'booted' }, 'migration-out')
const pausing = active({ state: 'paused', reason: 'migration' }, 'migration-out')
const incoming = active({ state: 'paused', reason: 'migration' }, 'migration-in')
const serving = active({ state: 'paused', reason: 'postcopy' }, 'migration-out')
const faulting = active({ state: 'running', reason: 'postcopy' }, 'migration-in')
const brokenSource = active({ state: 'paused', reason: 'postcopy-failed' }, 'migration-out')
const brokenDestination = active({ state: 'running', reason: 'postcopy-failed' })

describe('where a domain is, out of two answers', () => {
  it.each<[string, Presence, Presence, Verdict, string[]]>([
    ['it never left', running, absent, 'at-source', []],
    ['it never left, and is defined at the destination', running, off, 'at-source', []],
    ['it was suspended by somebody', suspended, absent, 'at-source', []],
    ['it has arrived', absent, running, 'at-destination', []],
    ['it has arrived, and stays defined at the source', off, suspended, 'at-destination', []],
    ['it is on its way', leaving, incoming, 'moving', ['wait']],
    ['it is on its way and the destination is just starting', leaving, absent, 'moving', ['wait']],
    ['it stands still between Perform and Finish', pausing, incoming, 'moving', ['wait']],
    ['Finish never came and the destination gave up', left, absent, 'paused-at-source', ['resume-source']],
    ['Finish never came and the destination is defined only', left, off, 'paused-at-source', ['resume-source']],
    ['Confirm never came', left, running, 'left-behind', ['confirm-source']],
    ['Confirm never came after a post-copy', brokenSource, running, 'left-behind', ['confirm-source']],
    ['post-copy', serving, faulting, 'postcopy', ['wait']],
    ['post-copy, before the destination has started', serving, incoming, 'postcopy', ['wait']],
    ['post-copy whose driver is gone', brokenSource, faulting, 'postcopy', ['wait']],
    ['post-copy that only the destination has seen break', serving, brokenDestination, 'postcopy', ['wait']],
    ['post-copy interrupted', brokenSource, brokenDestination, 'postcopy-broken', ['resume-postcopy']],
    ['post-copy, the destination gone', brokenSource, absent, 'lost', []],
    ['post-copy, the destination killed', serving, off, 'lost', []],
    ['post-copy, the source gone', absent, brokenDestination, 'lost', []],
    ['post-copy, the source gone unnoticed', absent, faulting, 'lost', []],
    [
      'the source is too busy to say whether the move is over',
      active({ state: 'paused', reason: 'migration' }, 'unknown'),
      absent,
      'moving',
      ['wait'],
    ],
    ['two copies run', running, running, 'twice', ['suspend-source']],
    ['two copies run in a post-copy', running, faulting, 'twice', ['suspend-source']],
    ['two copies run, one of them broken', running, brokenDestination, 'twice', ['suspend-source']],
    ['both are off', off, off, 'off', []],
    ['one is off, one was never there', absent, off, 'off', []],
    ['nowhere', absent, absent, 'gone', []],
    ['the source is silent', silent, running, 'unknown', ['ask-again']],
    ['the destination is silent', left, silent, 'unknown', ['ask-again']],
  ])('%s', (_, source, destination, verdict, steps) => {
    expect(judge(source, destination)).toEqual({ source, destination, verdict, steps })
  })

  it('never lets the source run while the destination might', () => {
    const presences = [
      absent,
      off,
      silent,
      running,
      suspended,
      left,
      leaving,
      pausing,
      incoming,
      serving,
      faulting,
      brokenSource,
      brokenDestination,
    ]
    for (const source of presences) {
      for (const destination of presences) {
        const { steps } = judge(source, destination)
        if (steps.includes('resume-source')) expect(['absent', 'inactive']).toContain(destination.kind)
        if (steps.includes('confirm-source')) expect([running, suspended, left]).toContain(destination)
      }
    }
  })
})

describe('asking both daemons', () => {
  it('gives what each of them says', async () => {
    const source = daemon([], 'source', pausedByMove)
    const destination = daemon([], 'destination', arrived)
    const [toSource, toDestination] = await Promise.all([Connection.open(source.near), Connection.open(destination.near)])
    expect(await whereIs(toSource, toDestination, uuid)).toMatchObject({ verdict: 'left-behind' })
    toDestination.close()
    expect(await whereIs(toSource, toDestination, uuid)).toMatchObject({ destination: { kind: 'unanswered' }, verdict: 'unknown' })
    void source.mute('domainLookupByUuid')
    expect(await whereIs(toSource, toDestination, uuid, { deadlineMs: 5 })).toMatchObject({
      source: { kind: 'unanswered', error: { code: 'deadline' } },
    })
    stand(source, pausedByMove)
    void source.mute('domainGetJobStats')
    expect((await whereIs(toSource, toDestination, uuid, { deadlineMs: 5 })).source).toMatchObject({
      kind: 'active',
      job: { operation: 'unknown' },
    })
    await expect(whereIs(toSource, toDestination, uuid, { signal: AbortSignal.abort(new Error('stop')) })).rejects.toThrow('stop')
    toSource.close()
  })
})
