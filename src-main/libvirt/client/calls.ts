import { Failure } from '../../base/failure.ts'

/** Two fewer than libvirtd would need to stop reading: its max_client_requests is 5, and keepalive must get through as well. */
export const maxInFlight = 4
const maxQueued = 1024

export interface PendingCall {
  readonly serial: number
  readonly name: string
  readonly frame: Buffer
  /** Called once at most, unless the caller gave up before. */
  readonly settle: (outcome: { readonly reply: Buffer } | { readonly failure: Failure }) => void
  /** Past its deadline or aborted: nobody waits, but the daemon still works on it. */
  isAbandoned: boolean
}

/** Calls on their way: at most {@link maxInFlight} at the daemon, the rest in the order they were made. */
export class Calls {
  readonly #send: (frame: Buffer) => void
  readonly #inFlight = new Map<number, PendingCall>()
  #queue: PendingCall[] = []

  constructor(send: (frame: Buffer) => void) {
    this.#send = send
  }

  /** Those that the daemon has not answered, with those that nobody waits for any more. */
  get inFlight(): number {
    return this.#inFlight.size
  }

  get queued(): number {
    return this.#queue.length
  }

  /** Names of what holds the daemon's slots, for a message. */
  get busyWith(): readonly string[] {
    return [...this.#inFlight.values()].map((call) => call.name)
  }

  /** Sends at once where a slot is free. */
  add(call: PendingCall): void {
    if (this.#inFlight.size < maxInFlight) return this.#start(call)
    if (this.#queue.length >= maxQueued) throw new Failure('too-many-calls', `${maxQueued} calls already wait for this libvirt daemon.`)
    this.#queue.push(call)
  }

  find(serial: number): PendingCall | undefined {
    return this.#inFlight.get(serial)
  }

  /** The daemon answered: its slot is free again. */
  finish(serial: number): void {
    this.#inFlight.delete(serial)
    const next = this.#queue.shift()
    if (next) this.#start(next)
  }

  /** Nobody waits any more. What was sent keeps its slot until the daemon answers. */
  abandon(call: PendingCall): void {
    call.isAbandoned = true
    this.#queue = this.#queue.filter((queued) => queued !== call)
  }

  failAll(failureOf: (call: PendingCall) => Failure): void {
    const calls = [...this.#inFlight.values(), ...this.#queue]
    this.#inFlight.clear()
    this.#queue = []
    for (const call of calls) if (!call.isAbandoned) call.settle({ failure: failureOf(call) })
  }

  #start(call: PendingCall): void {
    this.#inFlight.set(call.serial, call)
    this.#send(call.frame)
  }
}
