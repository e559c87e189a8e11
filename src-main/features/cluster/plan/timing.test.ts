import { expect, test } from 'vitest'
import type { Forecast } from '../../../contract/migration.ts'
import { timingOf, type TimedRow } from './timing.ts'

const MB = 1_000_000
const free = { perHost: null, perLink: null, bandwidthMiBps: null, staggerSeconds: 0 }
const way = () => ({ low: 18 * MB, high: 30 * MB, basis: 'earlier moves' })

/** A move of so many megabytes over 200 Mbit/s, as its forecast tells it. */
function row(key: string, destination: string, megabytes: number, more: Partial<TimedRow> = {}): TimedRow {
  const bytes: [number, number] = [0.6 * megabytes * MB, 1.4 * megabytes * MB]
  const forecast: Forecast = { seconds: [bytes[0] / (30 * MB) + 0.5, bytes[1] / (18 * MB) + 2], downtimeMs: [30, 300], converges: 'yes', bytes, dirtyRate: 0, bandwidth: 24 * MB, basis: '' }
  return { key, source: 'a', destination, how: 'live', technique: 'precopy', memoryKiB: 1024, forecast, ...more }
}

const many = (count: number, megabytes: number) => Array.from({ length: count }, (_, i) => row(`vm-${i}`, i % 2 === 0 ? 'b' : 'c', megabytes))

test('more at once is taken where it saves time in which nothing crosses, and not where the line is the limit', () => {
  expect(timingOf(many(8, 40), free, way).perHost).toBeGreaterThan(2)
  expect(timingOf(many(8, 20_000), free, way)).toMatchObject({ perHost: 1, perLink: 1 })
  expect(timingOf(many(8, 40), { ...free, perHost: 1, perLink: 1 }, way)).toMatchObject({ perHost: 1, perLink: 1 })
})

test('the total is a range around the likely one, and narrower the more moves there are', () => {
  const width = (count: number) => {
    const { seconds, slots } = timingOf(many(count, 400), free, way)
    const end = Math.max(...[...slots.values()].map(([, last]) => last))
    expect(seconds![0]).toBeLessThan(end)
    expect(seconds![1]).toBeGreaterThan(end)
    return (seconds![1] - seconds![0]) / end
  }
  expect(width(32)).toBeLessThan(width(8))
  expect(width(8)).toBeLessThan(width(1))
})

test('eight moves that share one line take about what all their bytes take', () => {
  const { slots } = timingOf(many(8, 400), free, way)
  const end = Math.max(...[...slots.values()].map(([, last]) => last))
  expect(end).toBeGreaterThan((8 * 400) / 24)
  expect(end).toBeLessThan(((8 * 400) / 24) * 1.2)
})

test('a budget, a guest that shuts down first and a row of unknown size take longer; without rows there is no total', () => {
  const total = (rows: readonly TimedRow[], more = {}) => timingOf(rows, { ...free, ...more }, way).seconds![1]
  const plain = total([row('x', 'b', 400)])
  expect(total([row('x', 'b', 400)], { bandwidthMiBps: 5 })).toBeGreaterThan(plain)
  expect(total([row('x', 'b', 400, { how: 'shut-down-and-start' })])).toBeGreaterThan(plain)
  expect(total([row('x', 'b', 400, { forecast: null })])).toBeGreaterThan(plain)
  expect(timingOf([], free, way).seconds).toBeNull()
})

test('a source whose cable carries more than one way takes serves several at once; one that was seen not to does not', () => {
  const fast = () => ({ ...way(), mbps: 10_000 })
  expect(timingOf(many(8, 20_000), free, fast).perHost).toBeGreaterThan(1)
  expect(timingOf(many(8, 20_000), free, way, (host, side) => (host === 'a' && side === 'out' ? 48 * MB : null)).perHost).toBeGreaterThan(1)
  expect(timingOf(many(8, 20_000), free, fast, (host, side) => (host === 'a' && side === 'out' ? 24 * MB : null)).perHost).toBe(1)
})
