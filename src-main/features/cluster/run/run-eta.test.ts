import { expect, test } from 'vitest'
import { etaOf } from './run-eta.ts'
import { rowWith, runWith } from './run.fixture.ts'

const waiting = (name: string) => rowWith(name, { state: 'waiting', reason: '' })
const done = (name: string) => rowWith(name, { state: 'moved', at: 10_000, job: 'j', seconds: 10, downtimeMs: null }, { startedAt: 0, endedAt: 10_000 })
const moving = (name: string, progress: number) => rowWith(name, { state: 'moving', since: 10_000, job: 'j' }, { startedAt: 10_000, progress })

test('at first the forecast says how long, less what has passed', () => {
  const begun = rowWith('one', { state: 'moving', since: 0, job: 'j' }, { startedAt: 0, progress: 0 })
  expect(etaOf(runWith([begun, waiting('two')], { forecastSeconds: [30, 60] }), 10_000)).toEqual([20, 50])
  expect(etaOf(runWith([waiting('one')]), 10_000)).toBeNull()
})

test('then what was seen does, by memory', () => {
  const [low, high] = etaOf(runWith([done('one'), moving('two', 0.5), waiting('three')], { forecastSeconds: [1, 2] }), 15_000)!
  expect(low).toBeLessThan(15)
  expect(high).toBeGreaterThan(15)
})

test('a move that says it takes longer than its share of memory suggests is believed, and one without an end has the run end never', () => {
  const busy = { ...moving('one', 0.9), eta: [600, 1200] as [number, number] }
  expect(etaOf(runWith([busy]), 19_000)).toEqual([600, 1200])
  expect(etaOf(runWith([{ ...busy, eta: 'not-converging' }, moving('two', 0.5)]), 19_000)).toBeNull()
})

test('a run that stands still has no end in sight', () => {
  expect(etaOf(runWith([waiting('one')], { state: { state: 'paused', since: 0, reason: '' }, forecastSeconds: [1, 2] }), 0)).toBeNull()
})
