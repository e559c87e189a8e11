import type { Duplex } from 'node:stream'
import { Failure } from '../../base/failure.ts'
import { frames } from './frame.ts'
import { FrameLink } from './frame-link.ts'

/** A run of pages on its way to depots. */
export interface Put {
  readonly first: number
  readonly count: number
  /** The whole frame, for all depots the same. */
  readonly bytes: Buffer
  /** Bits of the depots that have it, and of those that have not answered. */
  stored: number
  waiting: number
}

/** The source's end of one depot: what was put there and is not acknowledged yet, and what is. */
export class DepotPuts {
  readonly name: string
  readonly bit: number
  readonly #link: FrameLink
  readonly #unanswered: Put[] = []
  #waitingBytes = 0
  #isLost = false
  #hasEnded = false
  #isDistrusted = false
  /** Of room. */
  #isFull = false
  /** Acknowledged. */
  pages = 0
  bytes = 0

  /** `answered`: with a put, stored or not. `lost`: with the puts that were not answered. */
  constructor(name: string, bit: number, link: Duplex, on: { answered: (put: Put, depot: DepotPuts) => void; lost: (puts: readonly Put[], depot: DepotPuts, why: string) => void }) {
    this.name = name
    this.bit = bit
    this.#link = new FrameLink(link, ({ type, first, count }) => {
      const put = this.#unanswered.shift()
      if ((type !== frames.stored && type !== frames.full) || put?.first !== first || put.count !== count) throw new Failure('scatter-frame', 'A depot answered something else than it was asked.')
      this.#waitingBytes -= put.bytes.length
      put.waiting &= ~bit
      if (type === frames.stored) {
        put.stored |= bit
        this.pages += count
        this.bytes += put.bytes.length
      } else this.#isFull = true
      on.answered(put, this)
    })
    void this.#link.closed.then((why) => {
      if (this.#hasEnded) return
      this.#isLost = true
      const puts = this.#unanswered.splice(0)
      for (const put of puts) put.waiting &= ~bit
      this.#waitingBytes = 0
      on.lost(puts, this, why ?? 'it hung up')
    })
  }

  get state(): 'up' | 'lost' | 'distrusted' {
    return this.#isDistrusted ? 'distrusted' : this.#isLost ? 'lost' : 'up'
  }

  get takesMore(): boolean {
    return !this.#isLost && !this.#isFull && !this.#isDistrusted
  }

  get waitingBytes(): number {
    return this.#waitingBytes
  }

  distrust(): void {
    this.#isDistrusted = true
  }

  send(bytes: Buffer): void {
    this.#link.send(bytes)
  }

  put(put: Put): void {
    put.waiting |= this.bit
    this.#unanswered.push(put)
    this.#waitingBytes += put.bytes.length
    this.#link.send(put.bytes)
  }

  /** Nothing more is put: its end is no loss from here on. */
  end(): void {
    this.#hasEnded = true
    this.#link.end()
  }

  destroy(reason: string): void {
    this.#link.destroy(reason)
  }
}
