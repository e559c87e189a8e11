import { createORPCClient } from '@orpc/client'
import { RPCLink } from '@orpc/client/websocket'
import type { ContractRouterClient } from '@orpc/contract'
import { Emitter, type Event } from '../base/event.ts'
import { socketOf } from '../base/wire-socket.ts'
import type { Wire } from '../base/wire.ts'
import type { contract } from '../contract/contract.ts'
import type { Job } from '../contract/job.ts'
import type { Run } from '../contract/run.ts'

/** The jobs as the shell needs them: which are running, and which have just ended. Of a run only its own end is told, not that of every move in it. */
export interface JobWatch {
  running(): readonly Job[]
  openRuns(): readonly Run[]
  readonly onDidEnd: Event<Job>
  readonly onDidEndRun: Event<Run>
}

const ended: readonly Job['state']['state'][] = ['succeeded', 'failed', 'cancelled']

/** Follows all jobs over wires of `connect`, a new one whenever the owner of the profile changes, until the signal aborts. */
export function watchJobs(connect: () => Promise<Wire>, signal: AbortSignal): JobWatch {
  const didEnd = new Emitter<Job>()
  const didEndRun = new Emitter<Run>()
  let runs = new Map<string, Run>()
  const isOfRun = (job: Job) => [...runs.values()].some(({ rows }) => rows.some(({ state }) => 'job' in state && state.job === job.id))
  let running = new Map<string, Job>()

  async function follow(): Promise<void> {
    const wire = await connect()
    try {
      const client: ContractRouterClient<typeof contract> = createORPCClient(new RPCLink({ websocket: socketOf(wire) }))
      void followRuns(client).catch(() => {})
      for await (const { isSnapshot, jobs } of await client.job.watchAll(undefined, { signal })) {
        const before = running
        running = isSnapshot ? new Map() : new Map(before)
        for (const job of jobs) {
          if (!ended.includes(job.state.state)) running.set(job.id, job)
          else {
            running.delete(job.id)
            if (before.has(job.id) && !isOfRun(job)) didEnd.fire(job)
          }
        }
      }
    } finally {
      wire.close()
    }
  }

  async function followRuns(client: ContractRouterClient<typeof contract>): Promise<void> {
    for await (const frame of await client.cluster.watchRuns(undefined, { signal })) {
      const before = runs
      runs = frame.isSnapshot ? new Map() : new Map(before)
      for (const run of frame.runs) {
        runs.set(run.id, run)
        const was = before.get(run.id)
        if (was && was.state.state !== 'done' && run.state.state === 'done') didEndRun.fire(run)
      }
    }
  }

  void (async () => {
    while (!signal.aborted) {
      await follow().catch(() => {})
      await new Promise<void>((resolve) => {
        setTimeout(resolve, 1000).unref()
        signal.addEventListener('abort', () => resolve(), { once: true })
      })
    }
  })()
  return { running: () => [...running.values()], openRuns: () => [...runs.values()].filter(({ state }) => state.state !== 'done'), onDidEnd: didEnd.event, onDidEndRun: didEndRun.event }
}
