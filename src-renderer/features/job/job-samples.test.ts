import { expect, it } from 'vitest'
import { appended, beganAt, latest, noSamples } from './job-samples.ts'

it('appends columns and finds the last value and the begin of a phase', () => {
  const first = { ...noSamples(), t: [1, 2], phase: ['memory' as const, 'memory' as const], throughput: [10, 20] }
  const both = appended(first, { ...noSamples(), t: [3], phase: ['postcopy'], throughput: [30] })
  expect(both.t).toEqual([1, 2, 3])
  expect(latest(both, 'throughput')).toBe(30)
  expect(latest(both, 'dirtyRate')).toBeNull()
  expect(beganAt(both, 'postcopy')).toBe(3)
  expect(beganAt(both, 'switching')).toBeNull()
})
