import type { RPCLink } from '@orpc/client/websocket'
import type { Wire } from './wire.ts'

/** A wire as oRPC's client wants its socket. */
export function socketOf(wire: Wire): ConstructorParameters<typeof RPCLink>[0]['websocket'] {
  const target = new EventTarget()
  wire.onDidReceive((data) => target.dispatchEvent(Object.assign(new Event('message'), { data })))
  wire.onDidClose(() => target.dispatchEvent(new Event('close')))
  return {
    addEventListener: target.addEventListener.bind(target),
    removeEventListener: target.removeEventListener.bind(target),
    send: (message: string | Uint8Array) => wire.send(message),
    // Always open: what oRPC says after the end is dropped by the wire, and would throw where nobody can catch it if it were told.
    readyState: 1,
  } as unknown as ConstructorParameters<typeof RPCLink>[0]['websocket']
}
