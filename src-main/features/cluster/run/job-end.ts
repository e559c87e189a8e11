import type { Job } from '../../../contract/job.ts'
import { Failure } from '../../../base/failure.ts'
import type { RunParts } from './run-parts.ts'

/** A job has ended, or nobody drives it any more and both hosts have said where its VM is. */
export function isSettled({ state }: Job): boolean {
  return state.state === 'succeeded' || state.state === 'failed' || state.state === 'cancelled' || (state.state === 'uncertain' && state.whereabouts !== null)
}

/** Resolves with the job when it {@link isSettled}; `onProgress` hears it until then. Rejects with `job-unknown`, or with the signal's reason: the job itself goes on. */
export function whenSettled(id: string, jobs: RunParts['jobs'], onProgress: (job: Job) => void, signal: AbortSignal): Promise<Job> {
  return new Promise((resolve, reject) => {
    const end = (how: () => void) => {
      listening.dispose()
      signal.removeEventListener('abort', onAbort)
      how()
    }
    const look = (job: Job) => {
      if (isSettled(job)) end(() => resolve(job))
      else onProgress(job)
    }
    const onAbort = () => end(() => reject(signal.reason as Error))
    const listening = jobs.onDidChange((job) => {
      if (job.id === id) look(job)
    })
    signal.addEventListener('abort', onAbort)
    if (signal.aborted) return onAbort()
    jobs.get(id).then(
      (job) => (job ? look(job) : end(() => reject(new Failure('job-unknown', 'This move is not known any more.', { evidence: id })))),
      (thrown: unknown) => end(() => reject(thrown as Error)),
    )
  })
}
