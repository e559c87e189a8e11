import { expect, test } from 'vitest'
import { around, type ForecastInputs } from './forecast-inputs.ts'
import { forecastScatter } from './scatter-model.ts'

const mbit = 1e6 / 8
const inputs: ForecastInputs = { memory: around(1e9, 0.05, ''), memoryTotal: 1.1e9, storage: 0, dirtyRate: around(1e6, 0.1, ''), bandwidth: around(50 * mbit, 0.05, ''), downtimeLimitMs: 300 }
const options = { autoConverge: false, gatherMiBps: null }
const way = { source: 'alpha', destination: 'beta', outMbps: 400, inMbps: 50, depots: [{ mbps: 400 }, { mbps: 400 }], replicas: 1 }

test('a slow destination makes scattering pay: the source is free long before the VM is complete', () => {
  const { seconds, sourceFreeSeconds, promise } = forecastScatter(options, inputs, way)
  expect(sourceFreeSeconds![1]).toBeLessThan(seconds[0] / 3)
  expect(promise).toMatch(/^alpha is free about \d/)
})

test('a destination as fast as the source makes it not pay, and that is said', () => {
  const { seconds, sourceFreeSeconds, promise } = forecastScatter(options, { ...inputs, bandwidth: around(370 * mbit, 0.02, '') }, { ...way, inMbps: 400 })
  expect(sourceFreeSeconds![0]).toBeLessThanOrEqual(seconds[0])
  expect(promise).toMatch(/^This does not pay here/)
})

test('what is not known is said not to be known', () => {
  expect(forecastScatter(options, inputs, { ...way, outMbps: null, inMbps: null, depots: [{ mbps: null }] }).promise).toMatch(/is not known/)
})

test('a limit on what the destination takes makes the whole longer, not the source’s part', () => {
  const open = forecastScatter(options, { ...inputs, bandwidth: around(350 * mbit, 0.1, '') }, { ...way, inMbps: 400 })
  const limited = forecastScatter({ ...options, gatherMiBps: 5 }, { ...inputs, bandwidth: around(350 * mbit, 0.1, '') }, { ...way, inMbps: 400 })
  expect(limited.seconds[0]).toBeGreaterThan(open.seconds[0] * 3)
  expect(limited.sourceFreeSeconds).toEqual([expect.closeTo(open.sourceFreeSeconds![0], 5), expect.any(Number)])
})
