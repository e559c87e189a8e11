import type { Duplex } from 'node:stream'
import { Failure } from '../../base/failure.ts'
import { Ahead } from './ahead.ts'
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
  #link: FrameLink
  readonly #on: ConstructorParameters<typeof DepotGets>[3]
  readonly #queue: Run[] = []
  #from = 0
  #queued = 0
  /** Pages asked for and not answered. */
  #asked = 0
  /** Pages asked for ahead of their coming. */
  readonly #ahead = new Ahead(4, 512, 16)
  /** What is asked for, and since when. */
  readonly #times: { first: number; count: number; at: number }[] = []
  #isGone = false
  isDistrusted = false

  /** `got`: sealed pages. `missing`: pages that are not there after all. `away`: the link went; whoever knows calls `comeBack` or `giveUp`. */
  constructor(name: string, bit: number, link: Duplex, on: { got: (got: Frame, depot: DepotGets) => void; missing: (run: Run, depot: DepotGets) => void; away: (depot: DepotGets, why: string) => void }) {
    this.name = name
    this.bit = bit
    this.#on = on
    this.#link = this.#attach(link)
  }

  /** Whether something may be expected of it: it is there, or may come back. */
  get isUsable(): boolean {
    return !this.#isGone && !this.isDistrusted
  }

  get isThere(): boolean {
    return this.isUsable && this.#link.isOpen
  }

  giveUp(): void {
    this.#isGone = true
    this.#link.destroy('given up')
  }

  /** Another link to the same depot: what was asked for is asked for again. */
  comeBack(link: Duplex): void {
    this.#link = this.#attach(link)
    for (const asked of this.#times) {
      asked.at = performance.now()
      this.#link.send(frame(frames.get, asked))
    }
  }

  #attach(duplex: Duplex): FrameLink {
    const link = new FrameLink(duplex, (got) => {
      if (this.isDistrusted) return
      this.#asked -= got.count
      this.#learn(got.count)
      if (got.type === frames.sealed) this.#on.got(got, this)
      else if (got.type === frames.missing) this.#on.missing(got, this)
      else throw new Failure('scatter-frame', 'A depot sent something out of turn.', { evidence: `frame ${got.type}` })
    })
    void link.closed.then((why) => {
      if (this.isUsable) this.#on.away(this, why ?? 'it hung up')
    })
    return link
  }

  get queuedPages(): number {
    return this.#queued
  }

  /** Whether more may be asked for before what is asked for has come. */
  get hasRoom(): boolean {
    return this.#asked < this.#ahead.size
  }

  get askedPages(): number {
    return this.#asked
  }

  enqueue(run: Run): void {
    this.#queue.push(run)
    this.#queued += run.count
  }

  /** What is to be got next, no more than `most` pages of it; the rest stays. */
  next(most: number): Run | null {
    const run = this.#queue[this.#from]
    if (!run) return null
    const count = Math.min(most, run.count)
    this.#queued -= count
    if (count < run.count) {
      this.#queue[this.#from] = { first: run.first + count, count: run.count - count }
      return { first: run.first, count }
    }
    this.#from += 1
    if (this.#from > 1024 && this.#from * 2 > this.#queue.length) {
      this.#queue.splice(0, this.#from)
      this.#from = 0
    }
    return run
  }

  ask(first: number, count: number): void {
    this.#asked += count
    this.#times.push({ first, count, at: performance.now() })
    this.#link.send(frame(frames.get, { first, count }))
  }

  /** Depots answer in order, so the oldest question is the one that was answered. */
  #learn(count: number): void {
    const oldest = this.#times[0]
    if (!oldest) return
    this.#ahead.learn(performance.now() - oldest.at, count)
    for (let left = count; left > 0; ) {
      const first = this.#times[0]
      if (!first) return
      const taken = Math.min(left, first.count)
      first.first += taken
      first.count -= taken
      left -= taken
      if (first.count === 0) this.#times.shift()
    }
  }

  bye(): void {
    this.#link.send(frame(frames.bye))
    this.#link.end()
  }
}
