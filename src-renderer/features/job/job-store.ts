import { defineStore } from 'pinia'
import { computed, shallowReactive, shallowRef } from 'vue'
import type { Job } from '../../../src-main/contract/job.ts'
import type { Backend, Watch } from '../../backend.ts'

/** True until the job has ended, one way or another; an uncertain one has, as far as anybody can tell. */
export function isActive(job: Job): boolean {
  return job.state.state === 'queued' || job.state.state === 'running'
}

/** Running and recently ended jobs, as they change. */
export const useJobStore = defineStore('job', () => {
  const jobs = shallowReactive(new Map<string, Job>())
  const version = shallowRef(0)
  const listeners = new Set<(job: Job) => void>()

  /** Applies a frame and tells of each job that was seen active and no longer is. */
  function apply(frame: { isSnapshot: boolean; jobs: readonly Job[] }): void {
    const before = new Map(jobs)
    if (frame.isSnapshot) {
      const kept = new Set(frame.jobs.map((job) => job.id))
      for (const id of before.keys()) if (!kept.has(id)) jobs.delete(id)
    }
    for (const job of frame.jobs) jobs.set(job.id, job)
    version.value++
    for (const job of frame.jobs) {
      const was = before.get(job.id)
      if (was && isActive(was) && !isActive(job)) for (const listener of listeners) listener(job)
    }
  }

  /** Calls `listener` when a job ends while the window looks on. Returns what ends it. */
  function onDidEnd(listener: (job: Job) => void): () => void {
    listeners.add(listener)
    return () => void listeners.delete(listener)
  }

  const newestFirst = computed(() => (void version.value, [...jobs.values()].sort((a, b) => b.createdAt - a.createdAt)))
  const active = computed(() => newestFirst.value.filter(isActive))
  const ended = computed(() => newestFirst.value.filter((job) => !isActive(job)))

  function follow(backend: Backend): Watch {
    return backend.watch({
      open: (client, signal) => client.job.watchAll(undefined, { signal }),
      onValue: apply,
    })
  }

  return { jobs, newestFirst, active, ended, apply, onDidEnd, follow }
})
