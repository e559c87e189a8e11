import type { Duplex } from 'node:stream'
import { Connection } from '../libvirt/client/connection.ts'
import { conduct } from './conductor/conduct.ts'
import type { Journal } from './conductor/move-handle.ts'
import { connectUnix, findLibvirtSocket } from './libvirt-socket.ts'
import type { DestinationRoute, MoveSpec } from './protocol/move-spec.ts'
import type { DrivenMove } from './server/agent-server.ts'
import { endTunnel, openThroughTunnel } from './tunnel/tunnel-client.ts'

/** Of dialling the other host: beyond it there is a firewall or no network. */
const dialMs = 15_000
/** A tunnel's end need not be waited for longer. */
const farewellMs = 3000

/** Runs a move from this host: the source by the local socket, the destination by its route. At the end the destination's agent is told that its tunnel is done with. */
export function driveMove(spec: MoveSpec, first: DestinationRoute, journal: Journal): DrivenMove {
  let route = first
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
  })
  const ended = handle.ended.then(async (outcome) => {
    if (route.via === 'tunnel') await endTunnel(route, farewellMs)
    return outcome
  })
  return { ...handle, ended, setRoute: (next) => void (route = next) }
}
