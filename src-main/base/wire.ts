import type { Event } from './event.ts'

/** One oRPC message as it travels: JSON, or bytes when it carries a blob. */
export type Message = string | Uint8Array

/** Whole messages both ways, in order: a port, a WebSocket, or a framed stream. */
export interface Wire {
  send(message: Message): void
  readonly onDidReceive: Event<Message>
  /** Fires once, whoever ended it. */
  readonly onDidClose: Event<void>
  close(): void
}

/** Who is calling: the context of every procedure. */
export interface Caller {
  readonly shell: 'electron' | 'browser'
}

/** Joins two wires until either closes, then closes the other. Messages of one that come before the other listens are the wire's own to keep. */
export function joinWires(one: Wire, other: Wire): void {
  one.onDidReceive((message) => other.send(message))
  other.onDidReceive((message) => one.send(message))
  one.onDidClose(() => other.close())
  other.onDidClose(() => one.close())
}
