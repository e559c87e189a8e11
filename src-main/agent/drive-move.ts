import type { Duplex } from 'node:stream'
import { Connection } from '../libvirt/client/connection.ts'
import { conduct } from './conductor/conduct.ts'
import type { Journal } from './conductor/move-handle.ts'
import { connectUnix, findLibvirtSocket } from './libvirt-socket.ts'
import type { DestinationRoute } from './protocol/destination-route.ts'
import type { MoveSpec } from './protocol/move-spec.ts'
import { makeRelay } from './relay/make-relay.ts'
import type { AgentLog } from './server/agent-log.ts'
import type { DrivenMove } from './server/agent-server.ts'
import { endTunnel, openThroughTunnel } from './tunnel/tunnel-client.ts'

/** Of dialling the other host: beyond it there is a firewall or no network. */
const dialMs = 15_000
/** A tunnel's end need not be waited for longer. */
const farewellMs = 3000

/** Runs a move from this host: the source by the local socket, the destination by its route. At the end the destination's agent is told that its tunnel is done with. */
export function driveMove(spec: MoveSpec, first: DestinationRoute, journal: Journal, log: AgentLog): DrivenMove {
  let route = first
  const relay = makeRelay(spec, first, log)
  let socket: Promise<string> | null = null
  const openLocal = async (signal: AbortSignal): Promise<Duplex> => {
    socket ??= findLibvirtSocket()
    socket.catch(() => (socket = null))
    return connectUnix(await socket, signal)
  }
  const openRoute = (signal: AbortSignal): Promise<Duplex> => (route.via === 'tunnel' ? openThroughTunnel(route, dialMs, signal) : connectUnix(route.path, signal))
  const handle = conduct(spec, {
    source: { name: spec.hosts?.source ?? 'the source', open: async (signal) => Connection.open(await openLocal(signal), { signal }) },
    destination: { name: spec.hosts?.destination ?? 'the destination', open: async (signal) => Connection.open(await openRoute(signal), { signal }) },
    journal,
    driver: 'agent',
    ...(relay ? { relay } : {}),
  })
  const ended = handle.ended.then(async (outcome) => {
    if (route.via === 'tunnel') await endTunnel(route, farewellMs)
    return outcome
  })
  return { ...handle, ended, setRoute: (next) => void (route = next) }
}
