import { Failure } from '../../../base/failure.ts'
import type { MoveSpec } from '../../../agent/protocol/move-spec.ts'
import { makeMoveIdentities } from '../../../agent/tunnel/move-identities.ts'
import type { AgentLink } from './agent-link.ts'
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
  readonly signal?: AbortSignal
}

/**
 * Starts a move that the source's agent drives: the destination's agent opens a listener for this job alone, the source's gets the keys to it.
 * Rejects as the links do, and has then left nothing open. The tunnel closes when the move has ended, with or without this desktop.
 */
export async function startAgentMove(request: AgentMoveRequest): Promise<RemoteMove> {
  const { spec, source, destination, signal } = request
  const identities = makeMoveIdentities(spec.job)
  // Both are brought at the same time; whichever fails is the reason.
  const [, tunnel] = await Promise.all([
    source.ready(signal),
    destination.openTunnel(
      { job: spec.job, address: request.address, ports: request.ports, identity: identities.destination, peerFingerprints: [identities.sourceFingerprint], carries: 'all' },
      signal,
    ),
  ]).catch(async (thrown: unknown) => {
    await closeTunnel(destination, spec.job)
    throw thrown
  })
  try {
    return await source.start(
      spec,
      { via: 'tunnel', host: request.dial ?? request.address, port: tunnel.port, serverName: identities.serverName, identity: identities.source },
      signal,
    )
  } catch (thrown) {
    // The agent may have taken the job although its answer did not come. Whoever then drove it a second time would be in its way.
    const isFree = await source.list(AbortSignal.timeout(askAgainMs)).then(
      (jobs) => !jobs.some(({ job }) => job === spec.job),
      () => thrown instanceof Failure && isRefusal(thrown),
    )
    if (!isFree) return source.attach(spec.job, 0)
    await closeTunnel(destination, spec.job)
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

async function closeTunnel(destination: AgentLink, job: string): Promise<void> {
  try {
    await destination.closeTunnel(job, AbortSignal.timeout(5000))
  } catch {
    // It closes by itself when nobody comes.
  }
}
