import type { Forecast, MoveOptions } from '../../../contract/migration.ts'
import type { ForecastInputs } from './forecast-inputs.ts'
import { forecastMove } from './forecast-move.ts'

/** Between which hosts, and what is known of their links in Mbit/s. */
export interface ScatterWay {
  readonly source: string
  readonly destination: string
  /** Of the device by which the source sends. */
  readonly outMbps: number | null
  /** Of the device by which the destination receives. */
  readonly inMbps: number | null
  readonly depots: readonly { readonly mbps: number | null }[]
  readonly replicas: number
}

/** What TCP and Ethernet leave of a link's bits. */
const usable = 0.94
/** Begin, Prepare and the switch, in seconds. */
const beforehand = { low: 0.5, high: 2.5 }
/** Below this many times sooner than post-copy, the additional hosts that could fail are not worth it. */
const worthwhile = 1.5

/**
 * The whole takes what post-copy takes, bound by the slower end; the source is free as soon as its own link has carried everything to whoever takes it.
 * Each page crosses the source's link once: the depots pass replicas on among themselves, and all together take that much less of the source.
 */
export function forecastScatter(options: Pick<MoveOptions, 'autoConverge' | 'gatherMiBps'>, inputs: ForecastInputs, way: ScatterWay): Forecast {
  const caps = [way.inMbps === null ? Infinity : bytesPerSecond(way.inMbps), options.gatherMiBps === null ? Infinity : options.gatherMiBps * 1024 * 1024]
  const into = Math.min(...caps)
  const bandwidth = { ...inputs.bandwidth, low: Math.min(inputs.bandwidth.low, into), high: Math.min(inputs.bandwidth.high, into) }
  const whole = forecastMove({ technique: 'scatter', autoConverge: options.autoConverge }, { ...inputs, bandwidth })
  const out = outward(way, bandwidth)
  const free: [number, number] = [round(inputs.memory.low / out.high + beforehand.low), round(inputs.memory.high / out.low + beforehand.high)]
  const ends: [number, number] = [Math.min(free[0], whole.seconds[0]), Math.min(free[1], whole.seconds[1])]
  return { ...whole, sourceFreeSeconds: ends, promise: promiseOf(way, ends, whole.seconds) }
}

/** Bytes per second that leave the source: its own link, or all that those at the other ends take together. */
function outward({ outMbps, depots, replicas }: ScatterWay, direct: { readonly low: number; readonly high: number }): { low: number; high: number } {
  const link = outMbps === null ? null : bytesPerSecond(outMbps)
  const known = depots.flatMap(({ mbps }) => (mbps === null ? [] : [bytesPerSecond(mbps)]))
  // A depot of unknown speed is believed to be as fast as the link of the source.
  const taken = known.length < depots.length ? Infinity : known.reduce((sum, each) => sum + each, 0) / replicas
  const low = Math.min(link ?? Infinity, taken + direct.low)
  const high = Math.min(link ?? Infinity, taken + direct.high)
  // Nothing is known: no faster than straight to the destination.
  return { low: Number.isFinite(low) ? Math.max(low * 0.6, 1) : Math.max(direct.low, 1), high: Number.isFinite(high) ? Math.max(high, 1) : Math.max(direct.high, 1) }
}

function promiseOf({ source, destination, outMbps }: ScatterWay, free: readonly [number, number], whole: readonly [number, number]): string {
  const gain = (whole[0] + whole[1]) / Math.max(0.1, free[0] + free[1])
  if (gain >= worthwhile) return `${source} is free about ${gain >= 10 ? Math.round(gain) : Math.round(gain * 10) / 10} times sooner than by post-copy; ${destination} takes the rest from the depots at its own speed.`
  if (outMbps === null) return `Whether this frees ${source} sooner than post-copy is not known: the speed of its link is not. It pays where ${destination} takes pages slower than ${source} sends them.`
  return `This does not pay here: ${destination} takes pages about as fast as ${source} sends them, and post-copy frees it as soon, with fewer hosts that could fail.`
}

function bytesPerSecond(mbps: number): number {
  return (mbps * 1e6 * usable) / 8
}

function round(seconds: number): number {
  return Math.round(seconds * 10) / 10
}
