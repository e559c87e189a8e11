import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { MoveSample } from '../../job/sample-log.ts'
import { estimateBandwidth } from './bandwidth.ts'
import { around, type ForecastInputs } from './forecast-inputs.ts'
import { forecastMove } from './forecast-move.ts'
import { LiveEta } from './live-eta.ts'
import { reckonPrecopy } from './precopy-model.ts'

const MiB = 1024 * 1024
const GiB = 1024 * MiB
const bytes = fc.integer({ min: 1, max: 512 * 1024 }).map((n) => n * MiB)
const rate = fc.integer({ min: 0, max: 4000 }).map((n) => n * MiB)
const bandwidth = fc.integer({ min: 1, max: 4000 }).map((n) => n * MiB)
const downtime = fc.integer({ min: 1, max: 10_000 })

const input = fc.record({ memory: bytes, dirtyRate: rate, bandwidth, downtimeLimitMs: downtime }).map((each) => ({ ...each, dirtyable: each.memory * 2, isThrottled: false }))

test('a move never gets shorter with more memory or a busier guest, nor longer with more bandwidth', () => {
  fc.assert(
    fc.property(input, fc.integer({ min: 1, max: 1024 }), (base, more) => {
      const before = reckonPrecopy(base)
      const larger = reckonPrecopy({ ...base, memory: base.memory + more * MiB, dirtyable: base.dirtyable + more * MiB })
      const busier = reckonPrecopy({ ...base, dirtyRate: base.dirtyRate + more * MiB })
      const faster = reckonPrecopy({ ...base, bandwidth: base.bandwidth + more * MiB })
      // Sums of different order differ in their last digits.
      const slack = 1 + 1e-9
      expect(larger.seconds * slack).toBeGreaterThanOrEqual(before.seconds)
      expect(busier.seconds * slack).toBeGreaterThanOrEqual(before.seconds)
      expect(busier.bytes * slack).toBeGreaterThanOrEqual(before.bytes)
      expect(faster.seconds).toBeLessThanOrEqual(before.seconds * slack)
      if (before.isConverging) expect(faster.isConverging).toBe(true)
      if (busier.isConverging) expect(before.isConverging).toBe(true)
    }),
  )
})

test('a move that converges keeps to its downtime limit', () => {
  fc.assert(
    fc.property(input, (base) => {
      const outcome = reckonPrecopy(base)
      if (outcome.isConverging) expect(outcome.downtimeMs).toBeLessThanOrEqual(base.downtimeLimitMs + 31)
    }),
  )
})

test('a guest that dirties memory faster than it is sent does not converge, and does once it is throttled', () => {
  const hopeless = { memory: 8 * GiB, dirtyable: 8 * GiB, dirtyRate: 200 * MiB, bandwidth: 100 * MiB, downtimeLimitMs: 300, isThrottled: false }
  expect(reckonPrecopy(hopeless).isConverging).toBe(false)
  expect(reckonPrecopy({ ...hopeless, isThrottled: true }).isConverging).toBe(true)
})

const estimate = (value: fc.Arbitrary<number>) => fc.tuple(value, fc.double({ min: 0, max: 0.9, noNaN: true })).map(([middle, spread]) => around(middle, spread, 'test'))
const inputs: fc.Arbitrary<ForecastInputs> = fc
  .record({ memory: estimate(bytes), storage: fc.oneof(fc.constant(0), bytes), dirtyRate: estimate(rate), bandwidth: estimate(bandwidth), downtimeLimitMs: downtime })
  .map((each) => ({ ...each, memoryTotal: each.memory.high * 1.5 }))

test('a forecast is a range in the right order, whatever the technique', () => {
  fc.assert(
    fc.property(inputs, fc.constantFrom('precopy' as const, 'postcopy' as const, 'hybrid' as const, 'offline' as const), fc.boolean(), (each, technique, autoConverge) => {
      const forecast = forecastMove({ technique, autoConverge }, each)
      for (const [low, high] of [forecast.seconds, forecast.bytes, forecast.downtimeMs]) expect(low).toBeLessThanOrEqual(high)
      for (const figure of [...forecast.seconds, ...forecast.bytes, ...forecast.downtimeMs]) expect(Number.isFinite(figure)).toBe(true)
      expect(technique === 'precopy' || forecast.converges === 'yes').toBe(true)
    }),
  )
})

test('a limit of the plan is never forecast to be exceeded, and earlier moves outweigh the link', () => {
  const plan = { bandwidthMiBps: 50, parallelConnections: null, tls: false }
  fc.assert(
    fc.property(fc.option(fc.integer({ min: 10, max: 100_000 })), fc.array(bandwidth, { maxLength: 5 }), (linkMbps, earlier) => {
      expect(estimateBandwidth(plan, { linkMbps, earlier }).high).toBeLessThanOrEqual(50 * MiB)
    }),
  )
  const free = { ...plan, bandwidthMiBps: null }
  expect(estimateBandwidth(free, { linkMbps: 10_000, earlier: [100 * MiB] }).high).toBeLessThan(130 * MiB)
  expect(estimateBandwidth(free, { linkMbps: 1000, earlier: [] }).basis).toBe('a link of 1 Gbit/s')
})

function sample(t: number, more: Partial<MoveSample>): MoveSample {
  return {
    t, phase: 'memory', memoryTotal: 4 * GiB, memoryRemaining: 2 * GiB, memoryTransferred: 2 * GiB, throughput: 100 * MiB, dirtyRate: 0, iteration: 1, throttle: 0,
    diskTotal: 0, diskTransferred: 0, postcopyRequests: 0, blocktimeMs: null, expectedDowntimeMs: null, pages: null, ...more,
  }
}

test('while it runs: the time that is left falls with what is left', () => {
  const eta = new LiveEta({ technique: 'precopy', autoConverge: false, downtimeMs: null })
  const first = eta.take(sample(0, {}))
  const later = eta.take(sample(10_000, { memoryRemaining: GiB }))
  expect(first).toEqual([14, 31])
  expect(later![1]).toBeLessThan(first![1] as number)
})

test('while it runs: a guest that keeps up is called not converging after three rounds, unless it is throttled or will switch', () => {
  const busy = { dirtyRate: 120 * MiB, memoryRemaining: GiB }
  const plain = new LiveEta({ technique: 'precopy', autoConverge: false, downtimeMs: null })
  expect(plain.take(sample(0, { ...busy, iteration: 2 }))).toBeNull()
  expect(plain.take(sample(100, { ...busy, iteration: 3 }))).toBe('not-converging')
  const throttled = new LiveEta({ technique: 'precopy', autoConverge: true, downtimeMs: null })
  expect(throttled.take(sample(0, { ...busy, iteration: 5, throttle: 40 }))).toEqual([expect.any(Number), expect.any(Number)])
  const hybrid = new LiveEta({ technique: 'hybrid', autoConverge: false, downtimeMs: null })
  expect(hybrid.take(sample(0, { ...busy, iteration: 5 }))).toEqual([expect.any(Number), expect.any(Number)])
})

test('in its first round a guest that the plan knew to be busy is not said to be over soon', () => {
  // 40 MiB/s over a wire of 50: the plan knew it, QEMU does not tell before the round is over.
  const dirtyRate = { low: 38 * MiB, high: 45 * MiB, basis: 'measured' }
  const first = (more: Partial<MoveSample>) => ({ throughput: 50 * MiB, dirtyRate: null, memoryTotal: 4 * GiB, ...more })
  const planned = forecastMove({ technique: 'precopy', autoConverge: false }, { memory: around(3 * GiB, 0.1, ''), memoryTotal: 4 * GiB, storage: 0, dirtyRate, bandwidth: around(50 * MiB, 0.1, ''), downtimeLimitMs: 300 })
  const busy = new LiveEta({ technique: 'precopy', autoConverge: false, downtimeMs: null }, { dirtyRate })
  const begun = busy.take(sample(0, first({ memoryRemaining: 3 * GiB }))) as [number, number]
  const nearly = busy.take(sample(60_000, first({ memoryRemaining: 100 * MiB }))) as [number, number]
  // Overlaps with what the plan said, and is far from what the rest of the round takes.
  expect(begun[0]).toBeLessThan(planned.seconds[1])
  expect(begun[1]).toBeGreaterThan(planned.seconds[0])
  expect(nearly[0]).toBeGreaterThan(100)
  // Seen at last: by what was seen.
  expect(busy.take(sample(63_000, first({ iteration: 2, memoryRemaining: 20 * MiB, dirtyRate: 0 })))).toEqual([0, 1])
  const calm = new LiveEta({ technique: 'precopy', autoConverge: false, downtimeMs: null }, { dirtyRate: { low: 0, high: 1.5 * MiB, basis: 'measured' } })
  expect(calm.take(sample(0, first({ memoryRemaining: 3 * GiB })))).toEqual([43, expect.closeTo(97, -1)])
})

test('in its first round a guest of which nothing is known has a wide range, from the round alone to one that hardly ends', () => {
  const [low, high] = new LiveEta({ technique: 'precopy', autoConverge: false, downtimeMs: null }).take(sample(0, { throughput: 50 * MiB, dirtyRate: null, memoryRemaining: 3 * GiB })) as [number, number]
  expect(low).toBe(43)
  expect(high).toBeGreaterThan(10 * low)
})
