import type { Duplex } from 'node:stream'
import { Failure, messageOf } from '../../base/failure.ts'
import { frame, frames, headerLength, writeHeader, type Frame } from './frame.ts'
import { LastingLink } from './lasting-link.ts'
import { redial } from './redial.ts'

/** Bytes on the way to the destination that its QEMU has not taken. Small: what the guest waits for queues behind them. */
const window = 96 * 1024
/** The destination says something five times a second. Without a word for so long its connection is dead, whatever the system thinks. Milliseconds. */
const silenceMs = 15_000

export interface GatherWayOptions {
  readonly take: (got: Frame) => void
  /** Opens another link to the destination. Rejects with what the destination says, `scatter-gathered` where it needs nothing any more. Default: a link that went does not come back. */
  readonly redial?: () => Promise<Duplex>
  /** How long a link that went is worth dialling again now, in milliseconds; 0: not at all. */
  readonly patienceMs: () => number
  /** It went and is dialled again, or is back. */
  readonly changed: () => void
  readonly gathered: () => void
  readonly lost: (why: string) => void
  readonly log: (level: 'info' | 'warning', text: string) => void
}

/** The source's way to the destination: as much as its QEMU takes, and some bytes ahead of it. Where the link breaks, what is not known to have arrived goes over another one. */
export class GatherWay {
  readonly #options: GatherWayOptions
  readonly #link: LastingLink
  #raw: Buffer[] = []
  /** Not taken yet. */
  #ahead = 0
  #bytes = 0
  #isAway = false
  #heardAt = 0
  #listening: NodeJS.Timeout | undefined

  constructor(link: Duplex, options: GatherWayOptions) {
    this.#options = options
    this.#link = new LastingLink(
      link,
      (got) => {
        this.#heardAt = performance.now()
        options.take(got)
      },
      (why, mayReturn) => void this.#closed(why ?? 'it hung up', mayReturn),
    )
  }

  /** Bytes sent so far. */
  get bytes(): number {
    return this.#bytes
  }

  /** The link is broken, and dialled again. */
  get isAway(): boolean {
    return this.#isAway
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

  /** From now on a link that says nothing is held to be broken. */
  watch(): void {
    this.#listening = setInterval(() => {
      if (!this.#isAway && performance.now() - this.#heardAt > silenceMs) this.#link.destroy(`nothing was heard for ${silenceMs / 1000} s`)
    }, 1000)
  }

  unwatch(): void {
    clearInterval(this.#listening)
  }

  end(): void {
    this.unwatch()
    this.#link.end()
  }

  destroy(reason: string): void {
    this.unwatch()
    this.#link.destroy(reason)
  }

  async #closed(why: string, mayReturn: boolean): Promise<void> {
    const { redial: dial, patienceMs, changed, gathered, lost, log } = this.#options
    const forMs = patienceMs()
    if (!dial || !mayReturn || forMs === 0) return lost(why)
    log('warning', `scatter: the destination is away: ${why}`)
    this.#isAway = true
    changed()
    try {
      const link = await redial({ dial, forMs, isWanted: () => patienceMs() > 0 })
      if (patienceMs() === 0) return void link.destroy()
      log('info', 'scatter: the destination is back')
      this.#isAway = false
      this.#heardAt = performance.now()
      this.#link.replace(link)
      changed()
    } catch (thrown) {
      if (thrown instanceof Failure && thrown.code === 'scatter-gathered') gathered()
      else lost(`${why}; dialled again: ${messageOf(thrown)}`)
    }
  }
}
