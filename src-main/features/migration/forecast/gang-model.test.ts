import { expect, test } from 'vitest'
import { around, type ForecastInputs } from './forecast-inputs.ts'
import { forecastGang, sharedMemory } from './gang-model.ts'

const mbit = 1e6 / 8
const inputs: ForecastInputs = { memory: around(1e9, 0.05, 'used'), memoryTotal: 2e9, storage: 0, dirtyRate: { low: 0, high: 1e5, basis: '' }, bandwidth: around(250 * mbit, 0.05, ''), downtimeLimitMs: 300 }
const options = { autoConverge: false }
const sample = (inVm: [number, number], acrossVms: [number, number], zero = 0.5) => sharedMemory({ kind: 'estimated', host: 'a', vms: 8, memoryKiB: 1e6, sampled: 4096, zero, inVm, acrossVms })

test('of what has content crosses what neither the VM itself nor another has', () => {
  expect(sample([0.05, 0.1], [0.2, 0.3])).toEqual({ crosses: [expect.closeTo(0.2, 5), expect.closeTo(0.5, 5)], sampled: 4096 })
  expect(sample([0, 0], [0, 0], 1).crosses).toEqual([1, 1])
})

test('a sample of clones makes bytes and time as much smaller as they share; it says where it has that from', () => {
  const plain = forecastGang(options, inputs)
  const sampled = forecastGang(options, { ...inputs, sharing: sample([0.05, 0.05], [0.35, 0.35]) })
  expect(sampled.bytes[1]).toBeLessThan(plain.bytes[0] * 0.3)
  expect(sampled.seconds[1]).toBeLessThan(plain.seconds[0] * 0.4)
  expect(sampled.basis).toMatch(/20 % of it crosses by a sample of 4096 pages/)
  expect(sampled.promise).toMatch(/By the sample 80 %/)
})

test('without a sample nothing is taken to be shared, and that is said', () => {
  const { basis, promise, bytes } = forecastGang(options, inputs)
  expect(basis).toMatch(/nothing taken to be shared/)
  expect(promise).toMatch(/worst case/)
  expect(bytes[0]).toBeGreaterThan(9e8)
})

test('where there is nothing in common it does not pay; over a link faster than the agents it takes what they take', () => {
  expect(forecastGang(options, { ...inputs, sharing: sample([0, 0.01], [0, 0.02]) }).promise).toMatch(/hardly pays/)
  const fast = forecastGang(options, { ...inputs, bandwidth: around(40_000 * mbit, 0.05, ''), sharing: sample([0.05, 0.05], [0.35, 0.35]) })
  expect(fast.seconds[1]).toBeGreaterThan(3)
  expect(fast.bandwidth).toBeLessThan(40_000 * mbit * 0.1)
})
