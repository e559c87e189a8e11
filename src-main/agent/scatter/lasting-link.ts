import type { Duplex } from 'node:stream'
import { messageOf } from '../../base/failure.ts'
import { frame, frames, type Frame } from './frame.ts'
import { FrameLink } from './frame-link.ts'

/** So many frames are taken before the far side is told. */
const tellEvery = 32

/**
 * A way of frames between two agents that outlasts its connection: each frame arrives once and in order, also when the connection broke and another took its place.
 * Keeps what the far side has not said that it has: up to {@link tellEvery} frames and what is under way; while there is no connection, all that is sent.
 */
export class LastingLink {
  readonly #take: (frame: Frame) => void
  readonly #away: (why: string | null, mayReturn: boolean) => void
  #link: FrameLink
  /** Sent and not known to have arrived. */
  readonly #kept: Buffer[] = []
  #sent = 0
  #received = 0
  #untold = 0
  /** What the far side has is asked for; until it has answered nothing new is sent. */
  #isGreeting = false

  /** `away`: the connection went, for which reason (null: the far side ended it); `mayReturn`: {@link replace} may go on from there, which is not so where what came made no sense. */
  constructor(link: Duplex, take: (frame: Frame) => void, away: (why: string | null, mayReturn: boolean) => void) {
    this.#take = take
    this.#away = away
    this.#link = this.#attach(link)
  }

  get isOpen(): boolean {
    return this.#link.isOpen
  }

  /** Frames that are kept for another connection. */
  get kept(): number {
    return this.#kept.length
  }

  /** A whole frame, which must not change any more. */
  send(bytes: Buffer): void {
    this.#kept.push(bytes)
    this.#sent += 1
    if (!this.#isGreeting) this.#link.send(bytes)
  }

  /** Goes on over another connection, which the far side is to take too. What the former one still brings is not heeded. */
  replace(link: Duplex): void {
    const former = this.#link
    this.#isGreeting = true
    this.#link = this.#attach(link)
    former.destroy('another connection took its place')
    this.#tell()
  }

  end(): void {
    this.#link.end()
  }

  destroy(reason: string): void {
    this.#link.destroy(reason)
  }

  #attach(duplex: Duplex): FrameLink {
    let mayReturn = true
    const link = new FrameLink(duplex, (got) => {
      if (link !== this.#link) return
      try {
        if (got.type === frames.got) return this.#heard(got.first)
        this.#received += 1
        this.#untold += 1
        if (this.#untold >= tellEvery) this.#tell()
        this.#take(got)
      } catch (thrown) {
        // It counts as received, so it would never come again.
        mayReturn = false
        link.destroy(messageOf(thrown))
      }
    })
    void link.closed.then((why) => {
      if (link === this.#link) this.#away(why, mayReturn)
    })
    return link
  }

  #tell(): void {
    this.#untold = 0
    this.#link.send(frame(frames.got, { first: this.#received % wrap }))
  }

  /** The far side has so many frames; over a new connection what it lacks goes first. */
  #heard(received: number): void {
    const lacks = (((this.#sent - received) % wrap) + wrap) % wrap
    if (lacks > this.#kept.length) throw new RangeError(`the other agent says that it has ${received} frames of ${this.#sent}`)
    this.#kept.splice(0, this.#kept.length - lacks)
    if (!this.#isGreeting) return
    this.#isGreeting = false
    for (const bytes of this.#kept) this.#link.send(bytes)
  }
}

const wrap = 2 ** 32
