import type { Duplex } from 'node:stream'
import { connect, type TLSSocket } from 'node:tls'
import { abortable } from '../../base/abort.ts'
import { Failure, messageOf } from '../../base/failure.ts'
import type { DestinationRoute } from '../protocol/destination-route.ts'
import { tunnelProtocols } from './tunnel-listener.ts'

export type TunnelRoute = Extract<DestinationRoute, { via: 'tunnel' }>

async function dial(route: TunnelRoute, protocol: string, deadlineMs: number, signal?: AbortSignal): Promise<TLSSocket> {
  signal?.throwIfAborted()
  const socket = connect({
    host: route.host,
    port: route.port,
    ca: route.identity.ca,
    cert: route.identity.certificate,
    key: route.identity.key,
    servername: route.serverName,
    minVersion: 'TLSv1.3',
    ALPNProtocols: [protocol],
    timeout: deadlineMs,
  })
  // An alert of the far side may come in the same breath as the connection, before the caller can listen; whoever has the stream sees its close.
  socket.on('error', () => {})
  const connected = new Promise<TLSSocket>((resolve, reject) => {
    socket.once('secureConnect', () => resolve(socket))
    socket.once('timeout', () => reject(new Error(`no answer within ${deadlineMs} ms`)))
    socket.once('error', reject)
    socket.once('close', () => reject(new Error('the connection closed during the handshake')))
  })
  try {
    await abortable(connected, signal)
  } catch (thrown) {
    socket.destroy()
    if (signal?.aborted) throw signal.reason
    throw new Failure('agent-tunnel-unreachable', `The destination's agent cannot be reached at ${route.host}, port ${route.port}.`, {
      evidence: messageOf(thrown),
      next: 'Open that port between the hosts, or set another address or port range for the destination.',
      cause: thrown,
    })
  }
  socket.setTimeout(0)
  socket.setNoDelay(true)
  socket.setKeepAlive(true, 5000)
  return socket
}

/** A byte stream to the destination's libvirt daemon; the caller destroys it. Rejects with `agent-tunnel-unreachable`. */
export function openThroughTunnel(route: TunnelRoute, deadlineMs: number, signal?: AbortSignal): Promise<Duplex> {
  return dial(route, tunnelProtocols.libvirt, deadlineMs, signal)
}

/** A stream to the page role of the destination's agent that `hello` names; the caller destroys it. Rejects with `agent-tunnel-unreachable`. */
export async function openPageLink(route: TunnelRoute, hello: { readonly role: string }, deadlineMs: number, signal?: AbortSignal): Promise<Duplex> {
  const link = await dial(route, tunnelProtocols.pages, deadlineMs, signal)
  link.write(`${JSON.stringify(hello)}\n`)
  return link
}

/** Tells the destination's agent that the job needs its tunnel no longer. Never rejects: an idle tunnel closes by itself in the end. */
export async function endTunnel(route: TunnelRoute, deadlineMs: number): Promise<void> {
  try {
    const socket = await dial(route, tunnelProtocols.end, deadlineMs)
    await new Promise<void>((resolve) => {
      socket.on('error', () => socket.destroy())
      socket.once('close', () => resolve())
      socket.setTimeout(deadlineMs, () => socket.destroy())
      socket.resume()
      socket.end()
    })
  } catch {
    // Nobody there: nothing to end.
  }
}
