import { abortable } from './abort.ts'

/** At most this many frames may be on their way without an acknowledgement. */
const inFlightLimit = 2

/**
 * One subscription (DESIGN, "How a drop travels"): a slot, not a queue. The producer offers values whenever it likes; what was not taken yet is merged into one
 * value, so that a slow consumer costs one value of memory and never more. The consumer acknowledges by number, with at most two frames in flight.
 */
export class Slot<T, Frame extends { readonly seq: number } = T & { readonly seq: number }> {
  readonly #merge: (waiting: T, next: T) => T
  readonly #frame: (value: T, seq: number) => Frame
  #waiting: { readonly value: T } | null = null
  #sent = 0
  #acknowledged = 0
  #end: { readonly error: unknown } | null = null
  #wake = () => {}

  /** `merge` folds a newer value into one that was not taken yet; it must not grow with the number of calls. `frame` numbers what is sent, from 1 on. */
  constructor(merge: (waiting: T, next: T) => T, frame: (value: T, seq: number) => Frame) {
    this.#merge = merge
    this.#frame = frame
  }

  /** Frames that were taken and not acknowledged, 0 to 2. */
  get inFlight(): number {
    return this.#sent - this.#acknowledged
  }

  offer(value: T): void {
    if (this.#end) return
    this.#waiting = { value: this.#waiting ? this.#merge(this.#waiting.value, value) : value }
    this.#wake()
  }

  /** Says that every frame up to `seq` was applied. Numbers that were never sent, or are old, are ignored. */
  ack(seq: number): void {
    if (!(seq <= this.#sent) || seq <= this.#acknowledged) return
    this.#acknowledged = seq
    this.#wake()
  }

  /** Ends the stream, after what is waiting when there is no `error`, else by throwing it at once. */
  close(error?: unknown): void {
    this.#end ??= { error }
    if (error !== undefined) this.#waiting = null
    this.#wake()
  }

  /** The frames, for one consumer. Ends with {@link close}, or rejects with the signal's reason. */
  async *frames(signal?: AbortSignal): AsyncGenerator<Frame, void, void> {
    try {
      for (;;) {
        signal?.throwIfAborted()
        if (this.#end?.error !== undefined) throw this.#end.error
        if (this.#waiting && this.inFlight < inFlightLimit) {
          const { value } = this.#waiting
          this.#waiting = null
          yield this.#frame(value, ++this.#sent)
        } else if (this.#end && !this.#waiting) return
        else await abortable(new Promise<void>((resolve) => (this.#wake = resolve)), signal)
      }
    } finally {
      this.#waiting = null
      this.#end ??= { error: undefined }
    }
  }
}

/** Subscriptions of one noun by the id that their client made, so that `ack(subscription, seq)` finds its slot. */
export class Slots<S extends { ack(seq: number): void; close(error?: unknown): void }> {
  readonly #slots = new Map<string, S>()

  get size(): number {
    return this.#slots.size
  }

  /** A second subscription under a living id ends the first one. Call the answer when the subscription ends. */
  add(id: string, slot: S): () => void {
    this.#slots.get(id)?.close()
    this.#slots.set(id, slot)
    return () => {
      if (this.#slots.get(id) === slot) this.#slots.delete(id)
    }
  }

  /** Acknowledgements for a subscription that is gone are ignored: they crossed its end on the way. */
  ack(id: string, seq: number): void {
    this.#slots.get(id)?.ack(seq)
  }

  [Symbol.iterator](): IterableIterator<S> {
    return this.#slots.values()
  }
}
