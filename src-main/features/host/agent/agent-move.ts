import { Failure } from '../../../base/failure.ts'
import type { DestinationRoute } from '../../../agent/protocol/destination-route.ts'
import type { MoveSpec } from '../../../agent/protocol/move-spec.ts'
import { makeMoveIdentities } from '../../../agent/tunnel/move-identities.ts'
import type { AgentLink } from './agent-link.ts'
import { openJobTunnels, type Listening } from './job-tunnels.ts'
import type { RemoteMove } from './remote-move.ts'

const askAgainMs = 10_000

export interface AgentMoveRequest {
  readonly spec: MoveSpec
  readonly source: AgentLink
  readonly destination: AgentLink
  /** One local address of the destination for the tunnel's listener, and the one that the source dials. */
  readonly address: string
  /** What the source dials where that is another name for the same (behind NAT); default: `address`. */
  readonly dial?: string
  /** Of the tunnel's listener, both ends included. */
  readonly ports: readonly [number, number]
  /** Hosts that hold pages on their way. */
  readonly depots?: readonly DepotAgent[]
  /** How the agents carry the memory, made when the ways to the depots are known; left out where QEMU speaks to QEMU. */
  readonly relay?: (depots: readonly { readonly name: string; readonly capacityMiB: number; readonly route: DestinationRoute }[]) => NonNullable<MoveSpec['relay']>
  readonly signal?: AbortSignal
}

/** A host that is to hold pages of the move, and how many MiB of them. */
export interface DepotAgent extends Listening {
  readonly capacityMiB: number
}

/**
 * Starts a move that the source's agent drives: the destination's agent opens a listener for this job alone, the source's gets the keys to it; so do agents of depots.
 * Rejects as the links do, and has then left nothing open. The tunnel closes when the move has ended, with or without this desktop.
 */
export async function startAgentMove(request: AgentMoveRequest): Promise<RemoteMove> {
  const { source, destination, depots = [], signal } = request
  const { job } = request.spec
  const at = [{ name: 'destination', link: destination, address: request.address, carries: 'all' as const }, ...depots]
  const opening = openJobTunnels({ job, at, ports: request.ports, ...(signal ? { signal } : {}) })
  // Both are brought at the same time; whichever fails is the reason.
  const [, tunnels] = await Promise.all([source.ready(signal), opening]).catch(async (thrown: unknown) => {
    await opening.then(({ close }) => close()).catch(() => {})
    throw thrown
  })
  const [route, ...toDepots] = tunnels.routes
  if (!route) throw new Failure('agent-error', 'The tunnel to the destination has no route.')
  const spec = request.relay ? { ...request.spec, relay: request.relay(depots.flatMap(({ name, capacityMiB }, i) => (toDepots[i] ? [{ name, capacityMiB, route: toDepots[i] }] : []))) } : request.spec
  try {
    return await source.start(spec, { ...route, host: request.dial ?? route.host }, signal)
  } catch (thrown) {
    // The agent may have taken the job although its answer did not come. Whoever then drove it a second time would be in its way.
    const isFree = await source.list(AbortSignal.timeout(askAgainMs)).then(
      (jobs) => !jobs.some((each) => each.job === job),
      () => thrown instanceof Failure && isRefusal(thrown),
    )
    if (!isFree) return source.attach(job, 0)
    await tunnels.close()
    throw thrown
  }
}

/** Opens a new tunnel for a move whose old one is gone, and has it carried on. */
export async function recoverAgentMove(move: RemoteMove, request: Omit<AgentMoveRequest, 'spec' | 'source'>): Promise<void> {
  const identities = makeMoveIdentities(move.job)
  const { port } = await request.destination.openTunnel(
    { job: move.job, address: request.address, ports: request.ports, identity: identities.destination, peerFingerprints: [identities.sourceFingerprint], carries: 'all' },
    request.signal,
  )
  await move.recover({ via: 'tunnel', host: request.dial ?? request.address, port, serverName: identities.serverName, identity: identities.source })
}

/** An answer of the agent, not the want of one. */
function isRefusal({ code }: Failure): boolean {
  return code === 'move-running' || code === 'agent-bad-request' || code === 'agent-error'
}
