import type { LogLine } from '../../src-main/contract/job.ts'
import { median } from './statistics.ts'

/** Where the time of one move by Drover went, in milliseconds, in the order in which it goes. */
export interface Timeline {
  /** Until the driver said that it had begun: both hosts looked at once more, certificates, the tunnel. */
  readonly preparing: number
  /** From then until Begin left: connections to both daemons. */
  readonly connecting: number
  readonly begin: number
  readonly prepare: number
  readonly perform: number
  readonly finish: number
  readonly confirm: number
  /** Between the calls. */
  readonly between: number
  /** From Confirm's answer until the job had ended. */
  readonly ending: number
}

const steps = { begin: 'Begin on the source', prepare: 'Prepare on the destination', perform: 'Perform on the source', finish: 'Finish on the destination', confirm: 'Confirm on the source' } as const

/** Reads a job's log; times are those at which this computer heard of it. `startedAt`, `endedAt`: milliseconds since the epoch. */
export function timelineOf(log: readonly LogLine[], startedAt: number, endedAt: number): Timeline {
  const at = (text: string) => log.find((line) => line.text.startsWith(text))?.t ?? Number.NaN
  const ms = (step: keyof typeof steps) => Number(/done in (\d+) ms/.exec(log.find((line) => line.text.startsWith(`${steps[step]}: done`))?.text ?? '')?.[1] ?? Number.NaN)
  const began = at('The move began')
  const calls = { begin: ms('begin'), prepare: ms('prepare'), perform: ms('perform'), finish: ms('finish'), confirm: ms('confirm') }
  const beginLeft = at(`${steps.begin}: done`) - calls.begin
  const confirmed = at(`${steps.confirm}: done`)
  const inCalls = Object.values(calls).reduce((sum, each) => sum + each, 0)
  return { preparing: began - startedAt, connecting: beginLeft - began, ...calls, between: confirmed - beginLeft - inCalls, ending: endedAt - confirmed }
}

/** The median of each part. */
export function medianTimeline(all: readonly Timeline[]): Record<string, number> {
  const [first] = all
  if (!first) return {}
  return Object.fromEntries(Object.keys(first).map((part) => [part, Math.round(median(all.map((each) => each[part as keyof Timeline])))]))
}
