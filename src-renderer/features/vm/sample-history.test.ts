import { expect, test } from 'vitest'
import { appendSample, emptySeries, mergeSeries, seriesFrom } from './sample-history.ts'

const gap = 15_000
const sample = (cpu: number) => ({ cpu, memory: 1, read: 2, write: 3, rx: 4, tx: 5 })
const history = (t: number[]) => ({ t, cpu: t, memory: t, read: t, write: t, rx: t, tx: t })

test('samples are appended, and ten minutes are kept', () => {
  let series = emptySeries
  for (let i = 0; i < 700; i++) series = appendSample(series, i * 1000, sample(i), gap)
  expect(series.t).toHaveLength(600)
  expect(series.cpu[0]).toBe(100)
  expect(series.cpu.at(-1)).toBe(699)
  expect(series.tx).toHaveLength(600)
})

test('time never steps back', () => {
  const series = appendSample(seriesFrom(history([1000, 5000]), gap), 4000, sample(7), gap)
  expect(series.t).toEqual([1000, 5000, 5001])
})

test('where nothing was polled the line breaks', () => {
  expect(seriesFrom(history([1000, 2000, 60_000]), gap).cpu).toEqual([1000, 2000, null, 60_000])
  const series = appendSample(appendSample(emptySeries, 0, sample(1), gap), 60_000, sample(2), gap)
  expect(series.t).toEqual([0, 1, 60_000])
  expect(series.cpu).toEqual([1, null, 2])
})

test('what was seen before a move stays in front of what the new host tells', () => {
  const seen = [1000, 2000, 5000].reduce((series, t, i) => appendSample(series, t, sample(i + 1), gap), emptySeries)
  const merged = mergeSeries(seen, seriesFrom(history([2000, 3000]), gap), gap)
  expect(merged.t).toEqual([1000, 2000, 3000, 5000])
  expect(merged.cpu).toEqual([1, 2000, 3000, 3])
  expect(mergeSeries(seen, emptySeries, gap)).toBe(seen)
  expect(mergeSeries(seen, seriesFrom(history([40_000]), gap), gap).cpu).toEqual([1, 2, 3, null, 40_000])
})
