import { expect, test } from 'vitest'
import { planRequest } from '../../../contract/plan.ts'
import { rowWith, runWith } from './run.fixture.ts'
import { isComplete, verdictOf } from './verdict.ts'

const moved = (name: string) => rowWith(name, { state: 'moved', at: 0, job: 'j', seconds: 1, downtimeMs: 5 })
const failed = (name: string) => rowWith(name, { state: 'failed', at: 0, job: null, problem: { code: 'x', message: 'No.' }, whereabouts: null })
const skipped = (name: string) => rowWith(name, { state: 'skipped', at: 0, reason: '' })
const stays = (name: string) => rowWith(name, { state: 'stays', reason: '' }, { how: 'stay' })
const empty = { host: 'a', isEmpty: true, left: [], at: 0 }

test('only a host that said itself that it has no VM is called evacuated', () => {
  const run = runWith([moved('one'), moved('two')])
  expect(verdictOf(run, empty, false)).toBe('Evacuated: alpha was asked and has no VM left.')
  expect(verdictOf(run, { host: 'a', isEmpty: null, left: [], at: 0 }, false)).toBe('alpha could not be asked whether it is empty.')
  expect(verdictOf(run, { host: 'a', isEmpty: false, left: ['new'], at: 0 }, false)).toBe('alpha still has 1 VM: new.')
})

test('what failed and what is left is named', () => {
  const run = runWith([moved('one'), failed('two'), stays('three')])
  expect(verdictOf(run, { host: 'a', isEmpty: false, left: ['three', 'two'], at: 0 }, false)).toBe('1 VM could not be moved. alpha still has 2 VMs: three, two.')
  expect(isComplete(run)).toBe(false)
})

test('a run is complete when every planned VM moved, whatever was planned to stay', () => {
  expect(isComplete(runWith([moved('one'), stays('two')]))).toBe(true)
  expect(isComplete(runWith([moved('one'), skipped('two')]))).toBe(false)
  expect(isComplete(runWith([stays('one')]))).toBe(false)
})

test('a cancelled run says where things are', () => {
  expect(verdictOf(runWith([moved('one'), skipped('two')]), { host: 'a', isEmpty: false, left: ['two'], at: 0 }, true)).toBe('Stopped: 1 VM moved, and stays where it is now. alpha still has 1 VM: two.')
  const back = runWith([rowWith('one', { state: 'returned', at: 0, job: 'j' }), rowWith('two', { state: 'returned', at: 0, job: 'j' })], { bringsBack: true })
  expect(verdictOf(back, null, true)).toBe('Cancelled: 2 VMs brought back.')
  expect(isComplete(back)).toBe(false)
})

test('returns, balance and undo count', () => {
  const request = planRequest.parse({ kind: 'balance' })
  expect(verdictOf(runWith([moved('one'), moved('two')], { request, hostName: null }), null, false)).toBe('2 VMs moved.')
  expect(verdictOf(runWith([moved('one'), failed('two')], { request, hostName: null }), null, false)).toBe('1 of 2 VMs moved. 1 VM could not be moved.')
})
