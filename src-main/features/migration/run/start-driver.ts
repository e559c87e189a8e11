import { messageOf } from '../../../base/failure.ts'
import { conduct } from '../../../agent/conductor/conduct.ts'
import type { Relayed } from '../relay/relayed-move.ts'
import type { MoveHandle } from '../../../agent/conductor/move-handle.ts'
import type { MoveOutcome } from '../../../agent/protocol/move-event.ts'
import type { MoveSpec } from '../../../agent/protocol/move-spec.ts'
import { startAgentMove } from '../../host/agent/agent-move.ts'
import type { AgentLink } from '../../host/agent/agent-link.ts'
import type { HostDirectory } from '../../host/host-session.ts'
import type { Jobs } from '../../job/jobs.ts'
import type { OpenJob } from '../../job/open-job.ts'

export interface DriverParts {
  readonly job: OpenJob
  readonly jobs: Jobs
  readonly hosts: HostDirectory
  readonly agents: { link(host: string): AgentLink }
  /** Where the source's agent reaches the destination's. */
  readonly address: string
  readonly ports: readonly [number, number]
  /** What the memory goes through, where that is more than the two ends. */
  readonly relayed: Relayed | null
  readonly signal: AbortSignal
  /** Called in the same turn in which the driver begins, so that not even its first event is missed. */
  readonly follow: (handle: MoveHandle) => Promise<MoveOutcome>
}

/** Hands the move to the agent on the source host. Rejects when it cannot be started there; then nothing has begun. */
async function startInAgent(spec: MoveSpec, parts: DriverParts): Promise<{ outcome: Promise<MoveOutcome> }> {
  const { job, jobs, agents, address, ports, relayed, signal } = parts
  const { vm, destination } = job.view.plan
  // Written first: a restart then knows whom to ask.
  await jobs.intend(job.id, 'agent', { address })
  job.setDriver('agent')
  const handle = await startAgentMove({ spec, source: agents.link(vm.host), destination: agents.link(destination), address, ports, ...relayed, signal })
  return { outcome: parts.follow(handle) }
}

/** Drives the move from this process. Intents are on disk before they are carried out. */
function startInApp(spec: MoveSpec, { job, jobs, hosts, follow }: DriverParts): { outcome: Promise<MoveOutcome> } {
  const { view } = job
  job.setDriver('app')
  const access = (host: string, name: string) => ({
    name,
    open: async (signal: AbortSignal) => (await hosts.whenOnline(host, signal)).openConnection(signal),
  })
  const handle = conduct(spec, {
    source: access(view.plan.vm.host, view.sourceName),
    destination: access(view.plan.destination, view.destinationName),
    driver: 'app',
    journal: {
      append() {},
      commit: async (event) => {
        if (event.kind === 'intent') await jobs.intend(job.id, event.intent)
      },
    },
  })
  return { outcome: follow(handle) }
}

/** The agent where it can be started, else this process; the log says why. Resolves when it has begun. */
export async function startDriver(spec: MoveSpec, parts: DriverParts, wish: 'auto' | 'agent' | 'app'): Promise<{ outcome: Promise<MoveOutcome> }> {
  if (wish === 'app' && !parts.relayed) return startInApp(spec, parts)
  try {
    return await startInAgent(spec, parts)
  } catch (thrown) {
    parts.signal.throwIfAborted()
    if (wish === 'agent' || parts.relayed) throw thrown
    parts.job.say('warning', `No agent could take the move, so this computer drives it: ${messageOf(thrown)}`)
    return startInApp(spec, parts)
  }
}
