import type { History } from '../../../src-main/contract/vm.ts'
import type { Sample } from '../inventory/sample-table.ts'

const quantities = ['cpu', 'memory', 'read', 'write', 'rx', 'tx'] as const
type Quantity = (typeof quantities)[number]
type Column = readonly (number | null)[]

/** Figures over time, oldest first, in the units of the contract's samples; `t` milliseconds since the epoch, ascending. A row of nulls is a gap. */
export type SampleSeries = { readonly t: readonly number[] } & { readonly [Q in Quantity]: Column }

export const emptySeries: SampleSeries = { t: [], cpu: [], memory: [], read: [], write: [], rx: [], tx: [] }

/** Rows that are kept: ten minutes at one a second, as many as the backend remembers. */
const capacity = 600

/** What the backend remembers. Longer than `gapMs` between two rows is a gap. */
export function seriesFrom(history: History, gapMs: number): SampleSeries {
  const rows: Row[] = history.t.map((t, i) => [t, ...quantities.map((quantity) => history[quantity][i] ?? null)])
  return columnsOf(withGaps(rows, gapMs))
}

/** The series with one more sample; the oldest row goes when it is full. Time never steps back, even where two clocks disagree. */
export function appendSample(series: SampleSeries, t: number, sample: Sample, gapMs: number): SampleSeries {
  const last = series.t.at(-1)
  const at = last === undefined ? t : Math.max(t, last + 1)
  const hasGap = last !== undefined && at - last > gapMs
  const extend = (column: Column, value: number): Column => [...column, ...(hasGap ? [null] : []), value].slice(-capacity)
  return {
    t: [...series.t, ...(hasGap ? [last + 1] : []), at].slice(-capacity),
    cpu: extend(series.cpu, sample.cpu),
    memory: extend(series.memory, sample.memory),
    read: extend(series.read, sample.read),
    write: extend(series.write, sample.write),
    rx: extend(series.rx, sample.rx),
    tx: extend(series.tx, sample.tx),
  }
}

/** What was seen here around what the backend remembers: earlier rows (of the VM at its last host, say) before it, later ones after it. */
export function mergeSeries(seen: SampleSeries, told: SampleSeries, gapMs: number): SampleSeries {
  const first = told.t[0]
  const last = told.t.at(-1)
  if (first === undefined || last === undefined) return seen
  const rows = rowsOf(seen)
  return columnsOf(withGaps([...rows.filter(([t]) => t < first), ...rowsOf(told), ...rows.filter(([t]) => t > last)], gapMs).slice(-capacity))
}

type Row = [t: number, ...values: (number | null)[]]

function withGaps(rows: readonly Row[], gapMs: number): Row[] {
  return rows.flatMap((row, i) => {
    const before = rows[i - 1]
    return before !== undefined && row[0] - before[0] > gapMs ? [[before[0] + 1, ...quantities.map(() => null)], row] : [row]
  })
}

function rowsOf(series: SampleSeries): Row[] {
  return series.t.map((t, i) => [t, ...quantities.map((quantity) => series[quantity][i] ?? null)])
}

function columnsOf(rows: readonly Row[]): SampleSeries {
  const column = (index: number) => rows.map((row) => row[index] ?? null)
  return { t: rows.map(([t]) => t), cpu: column(1), memory: column(2), read: column(3), write: column(4), rx: column(5), tx: column(6) }
}
