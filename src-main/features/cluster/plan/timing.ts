import type { Forecast, Technique } from '../../../contract/migration.ts'
import type { PlanHow } from '../../../contract/plan.ts'
import type { Estimate } from '../../migration/forecast/forecast-inputs.ts'
import type { KnownLine } from './known-lines.ts'
import { schedule, type Task } from './schedule.ts'

/** A row that moves, as its timing sees it. */
export interface TimedRow {
  readonly key: string
  readonly source: string
  readonly destination: string
  readonly how: PlanHow
  readonly technique: Technique
  readonly memoryKiB: number
  readonly forecast: Forecast | null
}

export interface TimingLimits {
  /** null takes what is found best. */
  readonly perHost: number | null
  readonly perLink: number | null
  readonly bandwidthMiBps: number | null
  readonly staggerSeconds: number
}

export interface Timing {
  readonly perHost: number
  readonly perLink: number
  /** Seconds after the beginning, by key. */
  readonly slots: ReadonlyMap<string, readonly [number, number]>
  /** null while nothing moves. */
  readonly seconds: [number, number] | null
}

/** What a move between two hosts has when it is alone, and Mbit/s of the device by which it leaves where known. */
type Way = (source: string, destination: string) => Estimate & { readonly mbps?: number | null }

type Case = 'best' | 'worst' | 'likely'

const MiB = 1024 * 1024
/** Asking both hosts once more when its turn comes, in seconds: a second of it measures how fast the guest writes. */
const turnSeconds: Record<Case, number> = { best: 0.5, worst: 3, likely: 1.2 }
/** The calls around a move, in seconds: the ends are in its forecast (forecast-move.ts), most are near the lower one. */
const callSeconds: Record<Case, number> = { best: 0.5, worst: 2, likely: 0.8 }
/** Until a guest that was asked to shut down is off, and has been started again. */
const shutdownSeconds: Record<Case, number> = { best: 5, worst: 120, likely: 30 }
/** Bytes per second at which memory is written to disk, and read again. */
const imageRate: Record<Case, number> = { best: 1000 * MiB, worst: 80 * MiB, likely: 300 * MiB }
/** Where nothing is known: disks of unknown size. */
const unknownSeconds: Record<Case, number> = { best: 5, worst: 900, likely: 120 }
const mostAtOnce = 4
/** Of many moves some go better and some worse than likely: of the distance to either end this share stays however many they are, for what they have in common. */
const common = 0.4
/** What TCP leaves of a link's speed to its payload, with ordinary frames. */
const netOfHeaders = 0.94
/** Doing more at once is only worth it where it saves more than this share. */
const worthwhile = 0.05

/** When each of the rows has its turn, in their order, and how long all take. `way`: what two hosts have between them. `line`: what a host's side was seen to carry to several at once. */
export function timingOf(rows: readonly TimedRow[], limits: TimingLimits, way: Way, line: KnownLine = () => null): Timing {
  const play = (of: Case, perHost: number, perLink: number, given = { lines: linesOf(rows, of, way, line), tasks: rows.map((row) => taskOf(row, of)) }) =>
    schedule(given.tasks, {
      perHost,
      perLink,
      budget: limits.bandwidthMiBps === null ? null : limits.bandwidthMiBps * MiB,
      stagger: limits.staggerSeconds,
      line: (host, side) => given.lines.get(`${side} ${host}`) ?? Infinity,
    })
  // The line is to be busy even where hosts answer slowly.
  const slow = { lines: linesOf(rows, 'likely', way, line), tasks: rows.map((row) => hesitant(taskOf(row, 'likely'))) }
  const { perHost, perLink } = atOnce(limits, (...each) => play('likely', ...each, slow).total)
  if (rows.length === 0) return { perHost, perLink, slots: new Map(), seconds: null }
  const [best, worst, likely] = [play('best', perHost, perLink), play('worst', perHost, perLink), play('likely', perHost, perLink)]
  return { perHost, perLink, slots: likely.slots, seconds: rangeOf(rows.length, { best: best.total, likely: likely.total, worst: worst.total }) }
}

function rangeOf(count: number, { best, likely, worst }: Record<Case, number>): [number, number] {
  const share = common + (1 - common) / Math.sqrt(count)
  return [round(likely - Math.max(0, likely - best) * share), round(likely + Math.max(0, worst - likely) * share)]
}

/** The least that is about as fast as anything: each move more at once is one more that a failure may meet. */
function atOnce({ perHost, perLink }: TimingLimits, total: (perHost: number, perLink: number) => number): { perHost: number; perLink: number } {
  if (perHost !== null && perLink !== null) return { perHost, perLink }
  let best: { perHost: number; perLink: number; total: number } | null = null
  for (const hosts of perHost === null ? upTo(mostAtOnce) : [perHost]) {
    for (const links of perLink === null ? upTo(Math.min(hosts, mostAtOnce)) : [perLink]) {
      const each = { perHost: hosts, perLink: links, total: total(hosts, links) }
      if (!best || each.total < best.total * (1 - worthwhile)) best = each
    }
  }
  return best ?? { perHost: 1, perLink: 1 }
}

function upTo(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i + 1)
}

/** A forecast's likely figure: the middle of its range. */
export function likelySeconds({ forecast, how }: Pick<TimedRow, 'forecast' | 'how'>): number {
  const seconds = forecast ? (forecast.seconds[0] + forecast.seconds[1]) / 2 : unknownSeconds.likely
  return how === 'shut-down-and-start' ? seconds + shutdownSeconds.likely : seconds
}

function taskOf(row: TimedRow, of: Case): Task {
  const { key, source, destination, how, technique, forecast, memoryKiB } = row
  const apart = turnSeconds[of] + (how === 'shut-down-and-start' ? shutdownSeconds[of] : how === 'save-and-move' ? (2 * memoryKiB * 1024) / imageRate[of] : 0)
  if (!forecast) return { key, source, destination, overhead: apart + unknownSeconds[of], bytes: 0, rate: 0, dirtyRate: 0 }
  const bytes = pick(forecast.bytes, of)
  const copying = copySeconds(forecast, of)
  const overhead = callSeconds[of] + (bytes > 0 ? 0 : copying)
  const rate = bytes > 0 ? bytes / copying : 0
  // Post-copy sends every page once.
  const dirtyRate = technique === 'precopy' || technique === 'hybrid' || technique === 'gang' ? (forecast.dirtyRate ?? 0) : 0
  return { key, source, destination, overhead: apart + overhead, bytes, rate, dirtyRate }
}

/** The same where everything around the copying takes as long as it may. */
function hesitant(task: Task): Task {
  return { ...task, overhead: task.overhead + turnSeconds.worst - turnSeconds.likely + callSeconds.worst - callSeconds.likely }
}

/** Seconds of a forecast in which something crosses. */
function copySeconds({ seconds, bytes, bandwidth }: Forecast, of: Case): number {
  // The middle of a wide range is far above what its middle bytes take.
  if (of === 'likely' && bandwidth !== null && bandwidth > 0) return Math.max(0.01, pick(bytes, of) / bandwidth)
  const overhead = of === 'likely' ? (callSeconds.best + callSeconds.worst) / 2 : callSeconds[of]
  return Math.max(0.01, pick(seconds, of) - overhead)
}

/**
 * What each side of a host's network carries: what it was seen to carry to several hosts at once; else, where it sends, what its device can, for the ways may each be held
 * up at their other ends; else the best that any of its ways has, which is the least in any case.
 */
function linesOf(rows: readonly TimedRow[], of: Case, way: Way, line: KnownLine): Map<string, number> {
  const lines = new Map<string, number>()
  const known = new Set<string>()
  for (const { source, destination } of rows) {
    const link = `${source} ${destination}`
    if (known.has(link)) continue
    known.add(link)
    const { low, high, mbps = null } = way(source, destination)
    const rate = of === 'best' ? high : of === 'worst' ? low : (low + high) / 2
    const device = mbps === null ? 0 : (mbps * 1_000_000 * netOfHeaders) / 8
    for (const [side, host, capacity] of [['out', source, line(source, 'out') ?? device], ['in', destination, line(destination, 'in') ?? 0]] as const) {
      const key = `${side} ${host}`
      lines.set(key, Math.max(lines.get(key) ?? 0, rate, capacity))
    }
  }
  return lines
}

function pick([low, high]: readonly [number, number], of: Case): number {
  return of === 'best' ? low : of === 'worst' ? high : (low + high) / 2
}

function round(seconds: number): number {
  return Math.round(seconds * 10) / 10
}
