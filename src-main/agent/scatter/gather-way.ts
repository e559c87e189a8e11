import { frame, frames, headerLength, writeHeader } from './frame.ts'

/** Bytes on the way to the destination that its QEMU has not taken. Small: what the guest waits for queues behind them. */
const window = 96 * 1024

/** The source's way to the destination: as much as its QEMU takes, and some bytes ahead of it. */
export class GatherWay {
  readonly #link: { send(bytes: Buffer): void }
  #raw: Buffer[] = []
  /** Not taken yet. */
  #ahead = 0
  #bytes = 0

  constructor(link: { send(bytes: Buffer): void }) {
    this.#link = link
  }

  /** Bytes sent so far. */
  get bytes(): number {
    return this.#bytes
  }

  /** Whether the destination has more to take than it should. */
  get isFull(): boolean {
    return this.#ahead > window * 2
  }

  hasRoomFor(bytes: number): boolean {
    return this.#ahead + bytes <= window
  }

  taken(bytes: number): void {
    this.#ahead -= bytes
  }

  /** Gathers pieces of QEMU's stream until {@link flushRaw}. */
  addRaw(...pieces: readonly Buffer[]): void {
    this.#raw.push(...pieces)
  }

  get hasRaw(): boolean {
    return this.#raw.length > 0
  }

  flushRaw(): void {
    const bytes = Buffer.concat(this.#raw)
    this.#raw = []
    for (let at = 0; at < bytes.length; at += window) {
      const payload = bytes.subarray(at, at + window)
      this.#ahead += payload.length
      this.tell(frame(frames.raw, { payload }))
    }
  }

  /** `bytes`: room for the header, then the pages. `isUrgent`: the guest waits for them, and they go whatever is ahead of QEMU. */
  direct(bytes: Buffer, first: number, count: number, isUrgent = false): void {
    if (!isUrgent) this.#ahead += bytes.length - headerLength
    this.tell(writeHeader(bytes, frames.direct, first, count, isUrgent ? 1 : 0))
  }

  fill(first: number, count: number, byte: number): void {
    this.#ahead += count * 9
    this.tell(frame(frames.fill, { first, count, extra: byte }))
  }

  /** A whole frame. */
  tell(bytes: Buffer): void {
    this.#bytes += bytes.length
    this.#link.send(bytes)
  }
}
