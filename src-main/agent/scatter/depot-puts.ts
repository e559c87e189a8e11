import type { Duplex } from 'node:stream'
import { Failure } from '../../base/failure.ts'
import { frames } from './frame.ts'
import { FrameLink } from './frame-link.ts'

/** A run of pages on its way to depots. */
export interface Put {
  readonly first: number
  readonly count: number
  /** The whole frame. */
  readonly bytes: Buffer
  /** Bits of the depots that have it, and of those that have not answered. */
  stored: number
  waiting: number
  /** The depot that it was sent to, which passes it on to the others. */
  via: number
}

/** The source's end of one depot. */
export class DepotPuts {
  readonly name: string
  readonly bit: number
  readonly #link: FrameLink
  #load = 0
  #isLost = false
  #hasEnded = false
  #isDistrusted = false
  /** Of room. */
  #isFull = false
  /** Pages acknowledged. */
  pages = 0

  /** `answered`: whether a run is stored by the depot of a bit: this one, or one that it passed it on to. */
  constructor(name: string, bit: number, link: Duplex, on: { answered: (first: number, bit: number, isStored: boolean) => void; lost: (depot: DepotPuts, why: string) => void }) {
    this.name = name
    this.bit = bit
    this.#link = new FrameLink(link, ({ type, first, extra }) => {
      if (type !== frames.stored && type !== frames.full) throw new Failure('scatter-frame', 'A depot sent something out of turn.', { evidence: `frame ${type}` })
      on.answered(first, extra === 0 ? bit : extra, type === frames.stored)
    })
    void this.#link.closed.then((why) => {
      if (this.#hasEnded) return
      this.#isLost = true
      on.lost(this, why ?? 'it hung up')
    })
  }

  get state(): 'up' | 'lost' | 'distrusted' {
    return this.#isDistrusted ? 'distrusted' : this.#isLost ? 'lost' : 'up'
  }

  get takesMore(): boolean {
    return !this.#isLost && !this.#isFull && !this.#isDistrusted
  }

  /** Bytes that it is to store and has not acknowledged. */
  get load(): number {
    return this.#load
  }

  distrust(): void {
    this.#isDistrusted = true
  }

  send(bytes: Buffer): void {
    this.#link.send(bytes)
  }

  expect(put: Put): void {
    put.waiting |= this.bit
    this.#load += put.bytes.length
  }

  /** It has answered, or will not any more. */
  answered(put: Put, isStored: boolean): void {
    put.waiting &= ~this.bit
    this.#load -= put.bytes.length
    if (!isStored) return
    put.stored |= this.bit
    this.pages += put.count
  }

  /** It takes nothing more. */
  fill(): void {
    this.#isFull = true
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
