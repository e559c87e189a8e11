import fc from 'fast-check'
import { expect, test } from 'vitest'
import { shareOut } from './link-shares.ts'
import { schedule, type Limits, type Task } from './schedule.ts'

const MiB = 1024 * 1024
const free: Limits = { perHost: 8, perLink: 8, budget: null, stagger: 0, line: () => 100 * MiB }

function task(key: string, source: string, destination: string, more: Partial<Task> = {}): Task {
  return { key, source, destination, overhead: 1, bytes: 1000 * MiB, rate: 100 * MiB, dirtyRate: 0, ...more }
}

const host = fc.constantFrom('a', 'b', 'c', 'd')
const tasks = fc
  .array(
    fc.record({ source: host, destination: host, overhead: fc.double({ min: 0, max: 5, noNaN: true }), bytes: fc.integer({ min: 0, max: 4000 }), rate: fc.integer({ min: 1, max: 200 }), dirtyRate: fc.integer({ min: 0, max: 300 }) }),
    { maxLength: 30 },
  )
  .map((all) => all.filter(({ source, destination }) => source !== destination).map((each, i) => ({ ...each, key: `t${i}`, bytes: each.bytes * MiB, rate: each.rate * MiB, dirtyRate: each.dirtyRate * MiB })))
const limits = fc
  .record({ perHost: fc.integer({ min: 1, max: 5 }), perLink: fc.integer({ min: 1, max: 5 }), budget: fc.option(fc.integer({ min: 1, max: 200 })), stagger: fc.integer({ min: 0, max: 9 }) })
  .map(({ budget, ...rest }): Limits => ({ ...rest, budget: budget === null ? null : budget * MiB, line: () => 120 * MiB }))

test('every move gets a slot, and never do more go on at once than was asked for', () => {
  fc.assert(
    fc.property(tasks, limits, (all, of) => {
      const { slots, total } = schedule(all, of)
      expect(slots.size).toBe(all.length)
      for (const { key } of all) {
        const [begin, end] = slots.get(key)!
        expect(end).toBeGreaterThanOrEqual(begin)
        expect(end).toBeLessThanOrEqual(total)
        const during = all.filter((other) => slots.get(other.key)![0] <= begin && slots.get(other.key)![1] > begin + 1e-6)
        for (const each of ['a', 'b', 'c', 'd']) {
          const touching = during.filter(({ source, destination }) => source === each || destination === each)
          expect(touching.length).toBeLessThanOrEqual(of.perHost)
          for (const { destination } of touching) expect(touching.filter((other) => other.source === each && other.destination === destination).length).toBeLessThanOrEqual(of.perLink)
        }
      }
      if (of.stagger > 0) {
        const begins = [...slots.values()].map(([begin]) => begin).sort((a, b) => a - b)
        begins.slice(1).forEach((begin, i) => expect(begin - begins[i]!).toBeGreaterThanOrEqual(of.stagger - 1e-6))
      }
    }),
  )
})

test('no more crosses a host’s network than it carries, and nobody gets more than it takes alone', () => {
  fc.assert(
    fc.property(tasks, fc.option(fc.integer({ min: 1, max: 200 })), (all, budget) => {
      const given = shareOut(all, () => 120 * MiB, budget === null ? null : budget * MiB)
      const sum = (of: (each: Task) => boolean) => all.reduce((total, each, i) => total + (of(each) ? given[i]! : 0), 0)
      all.forEach((each, i) => expect(given[i]).toBeLessThanOrEqual(each.rate))
      all.forEach((_, i) => expect(given[i]).toBeGreaterThan(0))
      for (const each of ['a', 'b', 'c', 'd']) {
        expect(sum(({ source }) => source === each)).toBeLessThanOrEqual(120 * MiB * (1 + 1e-6))
        expect(sum(({ destination }) => destination === each)).toBeLessThanOrEqual(120 * MiB * (1 + 1e-6))
        if (budget !== null) expect(sum(({ source, destination }) => source === each || destination === each)).toBeLessThanOrEqual(budget * MiB * (1 + 1e-6))
      }
    }),
  )
})

test('one line is shared: two moves at once save the time in which nothing crosses, not more', () => {
  const two = [task('x', 'a', 'b', { overhead: 5 }), task('y', 'a', 'c', { overhead: 5 })]
  expect(schedule(two, { ...free, perHost: 1 }).total).toBeCloseTo(30)
  expect(schedule(two, free).total).toBeCloseTo(25)
})

test('links of their own are used at once', () => {
  const two = [task('x', 'a', 'b'), task('y', 'c', 'd')]
  expect(schedule(two, free).total).toBeCloseTo(11)
})

test('a budget holds, and a busy guest takes longer where it shares the line', () => {
  expect(schedule([task('x', 'a', 'b')], { ...free, budget: 50 * MiB }).total).toBeCloseTo(21)
  const busy = task('x', 'a', 'b', { overhead: 0, dirtyRate: 25 * MiB })
  expect(schedule([busy], free).total).toBeCloseTo(10)
  expect(schedule([busy], { ...free, budget: 50 * MiB }).total).toBeCloseTo(30)
})

test('those that may not begin yet are overtaken by those that may', () => {
  const all = [task('x', 'a', 'b'), task('y', 'a', 'b'), task('z', 'c', 'd')]
  const { slots } = schedule(all, { ...free, perHost: 1 })
  expect(slots.get('z')![0]).toBe(0)
  expect(slots.get('y')![0]).toBeCloseTo(11)
})
