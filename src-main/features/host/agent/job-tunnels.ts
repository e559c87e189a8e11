import { makeJobIdentities } from '../../../agent/tunnel/move-identities.ts'
import type { DestinationRoute } from '../../../agent/protocol/destination-route.ts'
import type { AgentLink } from './agent-link.ts'

/** An agent that is to listen for a job's other agents. */
export interface Listening {
  readonly name: string
  readonly link: AgentLink
  /** One local address of its host, which the others dial. */
  readonly address: string
  readonly carries: 'pages' | 'all'
}

/** Listeners of one job, each with the way that the source dials to it, in the order asked for. */
export interface JobTunnels {
  /** The way that one of those who listen dials to another; null where there is none. Places in the order asked for. */
  between(from: number, to: number): DestinationRoute | null
  readonly routes: readonly Extract<DestinationRoute, { via: 'tunnel' }>[]
  /** Closes them; never rejects. */
  close(): Promise<void>
}

const closeMs = 5_000

/**
 * Opens a listener at each agent under one authority that is made for this and dropped: every agent has a leaf, and lets in all the others and nobody else.
 * Rejects as the links do, with everything closed again.
 */
export async function openJobTunnels(options: { job: string; at: readonly Listening[]; ports: readonly [number, number]; signal?: AbortSignal }): Promise<JobTunnels> {
  const { job, at, ports, signal } = options
  const [source, ...others] = makeJobIdentities(job, ['source', ...at.map((_, i) => (i === 0 ? 'destination' : `depot-${i}`))])
  if (!source) throw new Error('no identity was made')
  const close = async () => {
    await Promise.all(at.map(({ link }) => link.closeTunnel(job, AbortSignal.timeout(closeMs)).catch(() => {})))
  }
  const opened = await Promise.allSettled(
    others.map(async ({ identity, fingerprint, serverName }, i) => {
      const { link, address, carries } = at[i] as Listening
      const peerFingerprints = [source, ...others].map((each) => each.fingerprint).filter((each) => each !== fingerprint)
      const { port } = await link.openTunnel({ job, address, ports, identity, peerFingerprints, carries }, signal)
      return { via: 'tunnel', host: address, port, serverName, identity: source.identity } as const
    }),
  )
  const failed = opened.find((each) => each.status === 'rejected')
  if (failed) {
    await close()
    throw failed.reason
  }
  const routes = opened.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
  return {
    routes,
    between(from, to) {
      const [dialling, route] = [others[from], routes[to]]
      return dialling && route ? { ...route, identity: dialling.identity } : null
    },
    close,
  }
}
