import { isRelayed } from '../plan/relayed.ts'
import type { Job } from '../../../contract/job.ts'

/** What starting and ending a move takes beside copying, in milliseconds. */
const overheadMs = 1_000
/** Smaller or shorter moves say more about their overhead than about the wire. */
const least = { bytes: 48 * 1024 * 1024, ms: 3_000 }

interface Telling {
  readonly job: Job
  readonly throughput: number
}

/**
 * Throughputs of ended moves from one host to the other that nothing held back, bytes per second, newest first. Moves that shared a host's network with another say
 * less than the line carries: where there are no others, it is told what the way back carried, or the most that they carried together. `jobs`: ended ones, newest first, of all hosts.
 */
export function earlierThroughputs(jobs: readonly Job[], source: string, destination: string): number[] {
  const there = tellingMoves(jobs, source, destination)
  const alone = there.filter(({ job }) => !isShared(job, jobs))
  if (alone.length > 0) return alone.map(({ throughput }) => throughput)
  const back = tellingMoves(jobs, destination, source)
  const aloneBack = back.filter(({ job }) => !isShared(job, jobs))
  if (aloneBack.length > 0) return aloneBack.map(({ throughput }) => throughput)
  const shared = [...there, ...back].map((telling) => carriedTogether(telling, jobs))
  return shared.length > 0 ? [Math.max(...shared)] : []
}

function tellingMoves(jobs: readonly Job[], source: string, destination: string): Telling[] {
  return jobs.flatMap((job) => {
    const { plan, state } = job
    if (state.state !== 'succeeded' || plan.vm.host !== source || plan.destination !== destination) return []
    const { bytes, totalMs } = state.result
    // What agents left out, or sent by other hosts, says nothing of the way.
    if (plan.options.bandwidthMiBps !== null || plan.options.technique === 'offline' || isRelayed(plan.options.technique)) return []
    if (bytes === null || bytes < least.bytes || totalMs < least.ms) return []
    return [{ job, throughput: throughputOf(bytes, totalMs) }]
  })
}

function throughputOf(bytes: number, totalMs: number): number {
  return (bytes * 1000) / Math.max(1, totalMs - overheadMs)
}

/** What crossed the busier end of the move's hosts while it went on. */
function carriedTogether({ job, throughput }: Telling, jobs: readonly Job[]): number {
  const beside = { out: 0, in: 0 }
  for (const other of jobs) {
    if (other.id === job.id || other.state.state !== 'succeeded' || other.state.result.bytes === null) continue
    const rate = throughputOf(other.state.result.bytes, other.state.result.totalMs) * overlap(job, other)
    if (other.plan.vm.host === job.plan.vm.host) beside.out += rate
    if (other.plan.destination === job.plan.destination) beside.in += rate
  }
  return throughput + Math.max(beside.out, beside.in)
}

/** Whether another move touched one of its hosts during more than a tenth of its time. */
function isShared(job: Job, jobs: readonly Job[]): boolean {
  const ends = new Set([job.plan.vm.host, job.plan.destination])
  return jobs.some((other) => {
    if (other.id === job.id || !(ends.has(other.plan.vm.host) || ends.has(other.plan.destination)) || other.plan.options.technique === 'offline') return false
    return overlap(job, other) > 0.1
  })
}

/** The share of the first one's time in which the other went on as well. */
function overlap(job: Job, other: Job): number {
  const [begin, end] = timeOf(job)
  const [from, to] = timeOf(other)
  return Math.max(0, Math.min(end, to) - Math.max(begin, from)) / Math.max(1, end - begin)
}

function timeOf({ createdAt, startedAt, endedAt }: Job): [number, number] {
  const begin = startedAt ?? createdAt
  return [begin, endedAt ?? begin]
}
