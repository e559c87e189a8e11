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
