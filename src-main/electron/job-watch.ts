import { createORPCClient } from '@orpc/client'
import { RPCLink } from '@orpc/client/websocket'
import type { ContractRouterClient } from '@orpc/contract'
import { Emitter, type Event } from '../base/event.ts'
import { socketOf } from '../base/wire-socket.ts'
import type { Wire } from '../base/wire.ts'
import type { contract } from '../contract/contract.ts'
import type { Job } from '../contract/job.ts'

/** The jobs as the shell needs them: which are running, and which have just ended. */
export interface JobWatch {
  running(): readonly Job[]
  readonly onDidEnd: Event<Job>
}

const ended: readonly Job['state']['state'][] = ['succeeded', 'failed', 'cancelled']

/** Follows all jobs over wires of `connect`, a new one whenever the owner of the profile changes, until the signal aborts. */
export function watchJobs(connect: () => Promise<Wire>, signal: AbortSignal): JobWatch {
  const didEnd = new Emitter<Job>()
  let running = new Map<string, Job>()

  async function follow(): Promise<void> {
    const wire = await connect()
    try {
      const client: ContractRouterClient<typeof contract> = createORPCClient(new RPCLink({ websocket: socketOf(wire) }))
      for await (const { isSnapshot, jobs } of await client.job.watchAll(undefined, { signal })) {
        const before = running
        running = isSnapshot ? new Map() : new Map(before)
        for (const job of jobs) {
          if (!ended.includes(job.state.state)) running.set(job.id, job)
          else {
            running.delete(job.id)
            if (before.has(job.id)) didEnd.fire(job)
          }
        }
      }
    } finally {
      wire.close()
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
  return { running: () => [...running.values()], onDidEnd: didEnd.event }
}
