import type { JobState, Phase } from '../../contract/job.ts'
import { Failure } from '../../base/failure.ts'

type Name = JobState['state']

/**
 * Which state may follow which. An ended job is followed only by itself: what is known of its whereabouts may be refreshed, its end may not be changed.
 * `uncertain` is open: it ends when both hosts have been asked, or goes on when its driver is found again.
 */
const followers: Record<Name, readonly Name[]> = {
  queued: ['queued', 'running', 'failed', 'cancelled', 'uncertain'],
  running: ['running', 'succeeded', 'failed', 'cancelled', 'uncertain'],
  uncertain: ['uncertain', 'running', 'succeeded', 'failed', 'cancelled'],
  succeeded: ['succeeded'],
  failed: ['failed'],
  cancelled: ['cancelled'],
}

/** Which phase may follow which. Phases that a move does not have are skipped; none is entered twice, except that a recovered post-copy goes on. */
const phases: Record<Phase, readonly Phase[]> = {
  preparing: ['storage', 'memory', 'switching', 'postcopy', 'finishing'],
  storage: ['memory', 'switching', 'postcopy', 'finishing'],
  memory: ['switching', 'postcopy', 'finishing'],
  switching: ['postcopy', 'finishing'],
  postcopy: ['recovering', 'finishing'],
  recovering: ['postcopy', 'finishing'],
  finishing: [],
}

/** Whether a job in this state still has something to happen to it. */
export function isOpen(state: JobState): boolean {
  return state.state === 'queued' || state.state === 'running' || state.state === 'uncertain'
}

/** Whether `to` may follow `from` in one move; a phase follows itself. */
export function mayFollow(from: Phase, to: Phase): boolean {
  return from === to || phases[from].includes(to)
}

/** Throws `Failure('job-transition')` when `to` may not follow `from`: a defect of the program, never of the user. */
export function checkTransition(from: JobState, to: JobState): void {
  if (!followers[from.state].includes(to.state)) {
    throw new Failure('job-transition', `A job that is ${from.state} cannot become ${to.state}.`)
  }
  if (from.state === 'running' && to.state === 'running' && !mayFollow(from.phase, to.phase)) {
    throw new Failure('job-transition', `A move in phase ${from.phase} cannot go to phase ${to.phase}.`)
  }
  if (from.state === 'running' && to.state === 'running' && from.isPastNoReturn && !to.isPastNoReturn) {
    throw new Failure('job-transition', 'A move that is past the point of no return stays there.')
  }
}
