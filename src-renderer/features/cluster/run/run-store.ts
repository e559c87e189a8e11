import { defineStore } from 'pinia'
import { computed, shallowReactive, shallowRef } from 'vue'
import type { Run } from '../../../../src-main/contract/run.ts'
import type { Backend, Watch } from '../../../backend.ts'

/** True until the run has said its last word. */
export function isOpen(run: Run): boolean {
  return run.state.state !== 'done'
}

/** Open and recently ended runs, as they change. */
export const useRunStore = defineStore('run', () => {
  const runs = shallowReactive(new Map<string, Run>())
  const version = shallowRef(0)
  const listeners = new Set<(run: Run) => void>()

  /** Applies a frame and tells of each run that was seen open and is over now. */
  function apply(frame: { isSnapshot: boolean; runs: readonly Run[] }): void {
    const before = new Map(runs)
    if (frame.isSnapshot) {
      const kept = new Set(frame.runs.map((run) => run.id))
      for (const id of before.keys()) if (!kept.has(id)) runs.delete(id)
    }
    for (const run of frame.runs) runs.set(run.id, run)
    version.value++
    for (const run of frame.runs) {
      const was = before.get(run.id)
      if (was && isOpen(was) && !isOpen(run)) for (const listener of listeners) listener(run)
    }
  }

  /** Calls `listener` when a run ends while the window looks on. Returns what ends it. */
  function onDidEnd(listener: (run: Run) => void): () => void {
    listeners.add(listener)
    return () => void listeners.delete(listener)
  }

  const newestFirst = computed(() => (void version.value, [...runs.values()].sort((a, b) => b.createdAt - a.createdAt)))
  const open = computed(() => newestFirst.value.filter(isOpen))

  /** The open run that empties or fills a host. */
  function openOf(host: string): Run | undefined {
    return open.value.find(({ request }) => (request.kind === 'evacuate' || request.kind === 'return') && request.host === host)
  }

  /** Whether a move is or was part of a run that the window knows. */
  function hasJob(job: string): boolean {
    return newestFirst.value.some(({ rows }) => rows.some(({ state }) => 'job' in state && state.job === job))
  }

  function follow(backend: Backend): Watch {
    return backend.watch({
      open: (client, signal) => client.cluster.watchRuns(undefined, { signal }),
      onValue: apply,
    })
  }

  return { runs, newestFirst, open, openOf, hasJob, apply, onDidEnd, follow }
})
