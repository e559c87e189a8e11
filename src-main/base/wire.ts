import { Emitter, type Event } from './event.ts'

/** One oRPC message as it travels: JSON, or bytes when it carries a blob. */
export type Message = string | Uint8Array

/** Whole messages both ways, in order: a port, a WebSocket, or a framed stream. */
export interface Wire {
  /** Messages for a wire that is closed are dropped. */
  send(message: Message): void
  /** Messages that came before the first listener are kept for it. */
  readonly onDidReceive: Event<Message>
  /** Fires once, whoever ended it. */
  readonly onDidClose: Event<void>
  close(): void
}

/** Who is calling: the context of every procedure. */
export interface Caller {
  readonly shell: 'electron' | 'browser' | 'cli'
}

/** The receiving half of a wire, for whoever makes one out of a port or a socket. */
export class Inbox {
  readonly #received = new Emitter<Message>()
  readonly #closed = new Emitter<void>()
  #early: Message[] | null = []
  #isClosed = false

  get isClosed(): boolean {
    return this.#isClosed
  }

  readonly onDidReceive: Event<Message> = (listener) => {
    const subscription = this.#received.event(listener)
    const early = this.#early ?? []
    this.#early = null
    for (const message of early) this.#received.fire(message)
    return subscription
  }

  /** A listener that comes too late is told at once. */
  readonly onDidClose: Event<void> = (listener) => {
    if (this.#isClosed) queueMicrotask(() => listener())
    return this.#closed.event(listener)
  }

  receive(message: Message): void {
    if (this.#isClosed) return
    if (this.#early) this.#early.push(message)
    else this.#received.fire(message)
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#closed.fire()
    this.#received.dispose()
    this.#closed.dispose()
  }
}

/** Two ends of one wire within a process. Messages arrive in a later turn of the microtask queue. */
export function wirePair(): [Wire, Wire] {
  const inboxes = [new Inbox(), new Inbox()] as const
  const close = () => inboxes.forEach((inbox) => inbox.close())
  const end = (mine: Inbox, theirs: Inbox): Wire => ({
    send: (message) => queueMicrotask(() => theirs.receive(message)),
    onDidReceive: mine.onDidReceive,
    onDidClose: mine.onDidClose,
    close,
  })
  return [end(inboxes[0], inboxes[1]), end(inboxes[1], inboxes[0])]
}

/** Joins two wires until either closes, then closes the other. */
export function joinWires(one: Wire, other: Wire): void {
  one.onDidReceive((message) => other.send(message))
  other.onDidReceive((message) => one.send(message))
  one.onDidClose(() => other.close())
  other.onDidClose(() => one.close())
}
