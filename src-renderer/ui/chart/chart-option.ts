import type { EChartsCoreOption } from 'echarts/core'

/** One line of a chart. `color` is a CSS colour; null values leave a gap. */
export interface ChartSeries {
  readonly name: string
  readonly color: string
  readonly values: readonly (number | null)[]
  /** Filled to the axis. */
  readonly isArea?: boolean
  readonly isDashed?: boolean
  /** On top of the ones before it that are stacked too, as a surface. */
  readonly isStacked?: boolean
  /** Stays at a value until the next one, for counts and states. */
  readonly isStep?: boolean
}

/** A moment that matters, drawn as a line from top to bottom with a word. */
export interface ChartMark {
  readonly t: number
  readonly label: string
}

export interface ChartLook {
  readonly text: string
  readonly line: string
  readonly background: string
  readonly border: string
}

export interface ChartInput {
  /** Milliseconds since the epoch, ascending. */
  readonly t: readonly number[]
  readonly series: readonly ChartSeries[]
  readonly marks: readonly ChartMark[]
  readonly format: (value: number) => string
  /** The axis ends here at least; it grows with the values. */
  readonly atLeast: number
  /** The axis begins here. Milliseconds since the epoch; null for the first value. */
  readonly from: number | null
  /** Distance between the lines across; `binary` for bytes, where round figures are powers of two. Without one it is picked in tens. */
  readonly interval?: number | 'binary' | undefined
  readonly look: ChartLook
}

/** A power of two that cuts the axis into three or four. */
function binaryStep(series: readonly ChartSeries[], atLeast: number): number {
  let max = atLeast
  for (const { values } of series) for (const value of values) max = Math.max(max, value ?? 0)
  return 2 ** Math.max(0, Math.floor(Math.log2(Math.max(1, max) / 2.5)))
}

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false })

/** The whole option of a chart: time below, one quantity at the left. */
export function chartOption({ t, series, marks, format, atLeast, from, interval, look }: ChartInput): EChartsCoreOption {
  const label = { color: look.text, fontSize: 11, fontFamily: 'inherit' }
  return {
    animation: false,
    grid: { left: 4, right: 10, top: 10, bottom: 2, containLabel: true },
    tooltip: {
      trigger: 'axis',
      transitionDuration: 0,
      backgroundColor: look.background,
      borderColor: look.border,
      textStyle: { color: look.text, fontSize: 12 },
      axisPointer: { lineStyle: { color: look.border } },
      valueFormatter: (value: unknown) => (typeof value === 'number' ? format(value) : '–'),
    },
    xAxis: {
      type: 'time',
      ...(from === null ? {} : { min: from }),
      axisLine: { lineStyle: { color: look.line } },
      axisTick: { show: false },
      axisLabel: { ...label, hideOverlap: true, formatter: (at: number) => clock.format(at) },
      splitNumber: 4,
      splitLine: { show: false },
    },
    yAxis: {
      type: 'value',
      min: 0,
      max: (range: { max: number }) => Math.max(atLeast, range.max * 1.05) || 1,
      axisLabel: { ...label, formatter: format, showMaxLabel: false },
      splitNumber: 3,
      ...(interval === undefined ? {} : { interval: interval === 'binary' ? binaryStep(series, atLeast) : interval }),
      splitLine: { lineStyle: { color: look.line } },
    },
    series: series.map((one, index) => ({
      name: one.name,
      type: 'line',
      showSymbol: false,
      step: one.isStep ? 'end' : false,
      lineStyle: { width: 1.5, color: one.color, type: one.isDashed ? 'dashed' : 'solid' },
      itemStyle: { color: one.color },
      ...(one.isStacked ? { stack: 'all' } : {}),
      areaStyle: one.isStacked ? { color: one.color, opacity: 0.55 } : one.isArea ? { color: one.color, opacity: 0.12 } : undefined,
      data: t.map((at, i) => [at, one.values[i] ?? null]),
      markLine:
        index === 0 && marks.length > 0
          ? {
              silent: true,
              symbol: 'none',
              lineStyle: { color: look.text, type: 'solid', width: 1 },
              label: { ...label, formatter: '{b}', position: 'insideEndTop', rotate: 0 },
              data: marks.map((mark) => ({ xAxis: mark.t, name: mark.label })),
            }
          : undefined,
    })),
  }
}
