import { onScopeDispose, shallowRef } from 'vue'
import type { Problem } from '../../../../src-main/contract/problem.ts'
import type { Run, RunFrame } from '../../../../src-main/contract/run.ts'
import { connectBackend } from '../../../backend.ts'
import { problemOf } from '../../settings/problem-of.ts'
import { joined, noRunSamples } from './run-samples.ts'

/** One run with its samples and log, as they grow; `trouble` when it is not known. Ends with the component. */
export function useRunWatch(id: string) {
  const run = shallowRef<Run | null>(null)
  const samples = shallowRef(noRunSamples())
  const log = shallowRef<RunFrame['log']>([])
  const trouble = shallowRef<Problem | null>(null)
  const backend = connectBackend()
  let subscription = ''
  let last = 0

  const watch = backend.watch<RunFrame>({
    open: (client, signal) => {
      subscription = crypto.randomUUID()
      last = 0
      return client.cluster.watchRun({ run: id, subscription }, { signal })
    },
    onValue: (frame) => {
      if (!frame.isSnapshot && frame.seq !== last + 1) return watch.restart()
      last = frame.seq
      trouble.value = null
      run.value = frame.run
      samples.value = frame.isSnapshot ? frame.samples : joined(samples.value, frame.samples)
      log.value = frame.isSnapshot ? frame.log : [...log.value, ...frame.log]
      backend.client.cluster.ack({ subscription, seq: frame.seq }).catch(() => {})
    },
    onDrop: (error) => {
      const problem = problemOf(error)
      if (problem.code === 'run-unknown') trouble.value = problem
    },
  })
  onScopeDispose(() => watch.close())
  return { run, samples, log, trouble }
}
