import type { Duplex } from 'node:stream'
import { Failure } from '../../base/failure.ts'
import { frame, frames, type Frame } from './frame.ts'
import { FrameLink } from './frame-link.ts'

export interface Run {
  readonly first: number
  readonly count: number
}

/** The destination's end of one depot: what is to be got from there and what has been asked for. */
export class DepotGets {
  readonly name: string
  readonly bit: number
  readonly #link: FrameLink
  readonly #queue: Run[] = []
  #from = 0
  #queued = 0
  /** Pages asked for and not answered. */
  #asked = 0
  #isGone = false
  isDistrusted = false
  /** Got. */
  pages = 0
  bytes = 0

  /** `got`: sealed pages. `missing`: pages that are not there after all. */
  constructor(name: string, bit: number, link: Duplex, on: { got: (got: Frame, depot: DepotGets) => void; missing: (run: Run, depot: DepotGets) => void; lost: (depot: DepotGets, why: string) => void }) {
    this.name = name
    this.bit = bit
    this.#link = new FrameLink(link, (got) => {
      if (this.isDistrusted) return
      this.#asked -= got.count
      if (got.type === frames.sealed) {
        this.pages += got.count
        this.bytes += got.payload.length
        on.got(got, this)
      } else if (got.type === frames.missing) on.missing(got, this)
      else throw new Failure('scatter-frame', 'A depot sent something out of turn.', { evidence: `frame ${got.type}` })
    })
    void this.#link.closed.then((why) => {
      this.#isGone = true
      on.lost(this, why ?? 'it hung up')
    })
  }

  get isUsable(): boolean {
    return !this.#isGone && !this.isDistrusted
  }

  get queuedPages(): number {
    return this.#queued
  }

  get askedPages(): number {
    return this.#asked
  }

  enqueue(run: Run): void {
    this.#queue.push(run)
    this.#queued += run.count
  }

  next(): Run | null {
    const run = this.#queue[this.#from]
    if (!run) return null
    this.#from += 1
    if (this.#from > 1024 && this.#from * 2 > this.#queue.length) {
      this.#queue.splice(0, this.#from)
      this.#from = 0
    }
    this.#queued -= run.count
    return run
  }

  ask(first: number, count: number): void {
    this.#asked += count
    this.#link.send(frame(frames.get, { first, count }))
  }

  bye(): void {
    this.#link.send(frame(frames.bye))
    this.#link.end()
  }
}
