import type { Job } from '../../../contract/job.ts'

/** What starting and ending a move takes beside copying, in milliseconds. */
const overheadMs = 1_000
/** Smaller or shorter moves say more about their overhead than about the wire. */
const least = { bytes: 128 * 1024 * 1024, ms: 2_000 }

/** Throughputs of ended moves from one host to the other that nothing held back, bytes per second, newest first. */
export function earlierThroughputs(jobs: readonly Job[], source: string, destination: string): number[] {
  return jobs.flatMap(({ plan, state }) => {
    if (state.state !== 'succeeded' || plan.vm.host !== source || plan.destination !== destination) return []
    const { bytes, totalMs } = state.result
    if (plan.options.bandwidthMiBps !== null || plan.options.technique === 'offline') return []
    if (bytes === null || bytes < least.bytes || totalMs < least.ms) return []
    return [(bytes * 1000) / (totalMs - overheadMs)]
  })
}
