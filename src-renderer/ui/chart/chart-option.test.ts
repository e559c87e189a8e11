import { expect, it } from 'vitest'
import { chartOption } from './chart-option.ts'

const look = { text: '#000', line: '#ccc', background: '#fff', border: '#ddd' }

it('draws what is known and leaves gaps where nothing was said', () => {
  const option = chartOption({
    t: [1, 2, 3],
    series: [{ name: 'Dirty rate', color: '#f00', values: [5, null, 7] }],
    marks: [{ t: 2, label: 'switch' }],
    format: String,
    atLeast: 10,
    from: null,
    look,
  }) as { series: { data: unknown[]; markLine: { data: { xAxis: number; name: string }[] } }[]; yAxis: { max: (range: { max: number }) => number } }
  expect(option.series[0]?.data).toEqual([[1, 5], [2, null], [3, 7]])
  expect(option.series[0]?.markLine.data).toEqual([{ xAxis: 2, name: 'switch' }])
  expect(option.yAxis.max({ max: 7 })).toBe(10)
  expect(option.yAxis.max({ max: 100 })).toBe(105)
})

it('draws lines across at powers of two for bytes', () => {
  const step = (max: number) => {
    const option = chartOption({ t: [1], series: [{ name: 'Memory', color: '#f00', values: [max] }], marks: [], format: String, atLeast: 1, from: null, interval: 'binary', look }) as { yAxis: { interval: number } }
    return option.yAxis.interval
  }
  expect(step(2 * 2 ** 30)).toBe(2 ** 29)
  expect(step(128 * 2 ** 20)).toBe(2 ** 25)
  expect(step(3 * 2 ** 20)).toBe(2 ** 20)
  expect(step(0)).toBe(1)
})

it('stacks what makes up a whole', () => {
  const option = chartOption({ t: [1], series: [{ name: 'Unique', color: '#f00', values: [5], isStacked: true }, { name: 'Free', color: '#0f0', values: [1] }], marks: [], format: String, atLeast: 1, from: null, look }) as { series: { stack?: string }[] }
  expect(option.series.map(({ stack }) => stack)).toEqual(['all', undefined])
})
