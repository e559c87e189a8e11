import type { Job, Phase } from '../../../src-main/contract/job.ts'
import { formatDuration, formatSecondsRange } from '../../ui/format.ts'

const phases: Record<Phase, string> = {
  preparing: 'Preparing',
  storage: 'Copying disks',
  memory: 'Copying memory',
  switching: 'Switching over',
  postcopy: 'Fetching pages',
  finishing: 'Finishing',
  recovering: 'Waiting for recovery',
}

/** The phase of a move in words. */
export function phaseWord(phase: Phase): string {
  return phases[phase]
}

/** What a job is doing or how it ended, in a few words. */
export function jobWord(job: Job): string {
  switch (job.state.state) {
    case 'queued':
      return 'Queued'
    case 'running':
      return phaseWord(job.state.phase)
    case 'succeeded':
      return 'Moved'
    case 'failed':
      return 'Failed'
    case 'cancelled':
      return 'Cancelled'
    case 'uncertain':
      return 'Uncertain'
  }
}

/** The shape that goes with {@link jobWord}. */
export function jobGlyph(job: Job): string {
  switch (job.state.state) {
    case 'queued':
      return 'queued'
    case 'running':
      return job.state.phase === 'recovering' ? 'warns' : 'moving'
    case 'succeeded':
      return 'fits'
    case 'failed':
      return 'failed'
    case 'cancelled':
      return 'off'
    case 'uncertain':
      return 'warns'
  }
}

/** Time left in words; empty while nothing can be said. */
export function etaWord(job: Job): string {
  if (job.state.state !== 'running' || job.eta === null) return ''
  return job.eta === 'not-converging' ? 'Not converging' : `${formatSecondsRange(job.eta)} left`
}

/** How long the VM stood still: the guest's own measure where there is one. Empty when not known. */
export function downtimeWord(job: Job): string {
  if (job.state.state !== 'succeeded') return ''
  const ms = job.state.result.guestGapMs ?? job.state.result.downtimeMs
  return ms === null ? '' : formatDuration(ms)
}

/** One sentence on the end of a job, for the live region and notices. */
export function endSentence(job: Job): string {
  const way = `${job.vmName} from ${job.sourceName} to ${job.destinationName}`
  switch (job.state.state) {
    case 'succeeded': {
      const pause = downtimeWord(job)
      return `Moved ${way} in ${formatDuration(job.state.result.totalMs)}${pause ? `, standing still for ${pause}` : ''}.`
    }
    case 'failed':
      return `Moving ${way} failed: ${job.state.problem.message}`
    case 'cancelled':
      return `Moving ${way} was cancelled.`
    case 'uncertain':
      return `What became of moving ${way} is not known yet: ${job.state.problem.message}`
    default:
      return ''
  }
}
