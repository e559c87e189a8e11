import { onScopeDispose, shallowRef } from 'vue'
import type { Job, JobFrame, LogLine, MoveSamples } from '../../../src-main/contract/job.ts'
import type { Problem } from '../../../src-main/contract/problem.ts'
import { connectBackend } from '../../backend.ts'
import { problemOf } from '../settings/problem-of.ts'
import { appended, noSamples } from './job-samples.ts'

/** One job with its samples and log, as they grow; `trouble` when the job is not known. Ends with the component. */
export function useJobWatch(id: string) {
  const job = shallowRef<Job | null>(null)
  const samples = shallowRef<MoveSamples>(noSamples())
  const log = shallowRef<readonly LogLine[]>([])
  const trouble = shallowRef<Problem | null>(null)
  const backend = connectBackend()
  let subscription = ''
  let last = 0

  const watch = backend.watch<JobFrame>({
    open: (client, signal) => {
      subscription = crypto.randomUUID()
      last = 0
      return client.job.watch({ job: id, subscription }, { signal })
    },
    onValue: (frame) => {
      if (!frame.isSnapshot && frame.seq !== last + 1) return watch.restart()
      last = frame.seq
      trouble.value = null
      job.value = frame.job
      samples.value = frame.isSnapshot ? frame.samples : appended(samples.value, frame.samples)
      log.value = frame.isSnapshot ? frame.log : [...log.value, ...frame.log]
      backend.client.job.ack({ subscription, seq: frame.seq }).catch(() => {})
    },
    onDrop: (error) => {
      const problem = problemOf(error)
      if (problem.code === 'job-unknown') trouble.value = problem
    },
  })
  onScopeDispose(() => watch.close())
  return { job, samples, log, trouble }
}
