import type { Duplex } from 'node:stream'
import { frames } from './frame.ts'
import { FrameLink } from './frame-link.ts'

interface Peer {
  link: FrameLink | null
  isGone: boolean
  /** Frames until the link is there. */
  readonly queue: Buffer[]
  /** First page and number of pages of what was passed on and is not answered. */
  readonly unanswered: Map<number, number>
}

/** A depot's ways to the others of its VM: it passes on what is to be replicated, so that the source's link carries each page but once. */
export class DepotPeers {
  readonly #dial: (bit: number) => Promise<Duplex>
  readonly #answer: (first: number, count: number, bit: number, isStored: boolean) => void
  readonly #peers = new Map<number, Peer>()
  #isClosed = false

  /** `answer`: whether the peer of a bit has stored a run. */
  constructor(dial: (bit: number) => Promise<Duplex>, answer: (first: number, count: number, bit: number, isStored: boolean) => void) {
    this.#dial = dial
    this.#answer = answer
  }

  pass(bit: number, first: number, count: number, bytes: Buffer): void {
    const peer = this.#peers.get(bit) ?? this.#open(bit)
    if (peer.isGone) return this.#answer(first, count, bit, false)
    peer.unanswered.set(first, count)
    if (peer.link) peer.link.send(bytes)
    else peer.queue.push(bytes)
  }

  close(): void {
    this.#isClosed = true
    for (const { link } of this.#peers.values()) link?.end()
  }

  #open(bit: number): Peer {
    const peer: Peer = { link: null, isGone: false, queue: [], unanswered: new Map() }
    this.#peers.set(bit, peer)
    const gone = () => {
      peer.isGone = true
      for (const [first, count] of peer.unanswered) this.#answer(first, count, bit, false)
      peer.unanswered.clear()
    }
    this.#dial(bit).then((duplex) => {
      if (this.#isClosed) return void duplex.destroy()
      peer.link = new FrameLink(duplex, ({ type, first, count }) => {
        peer.unanswered.delete(first)
        this.#answer(first, count, bit, type === frames.stored)
      })
      void peer.link.closed.then(gone)
      for (const bytes of peer.queue.splice(0)) peer.link.send(bytes)
    }, gone)
    return peer
  }
}
