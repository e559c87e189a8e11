import { Failure } from '../../base/failure.ts'
import { frame, frames, headerLength, writeHeader, type Frame } from './frame.ts'
import { FrameLink } from './frame-link.ts'
import { GuestMemory } from './guest-memory.ts'
import { sealLength } from './seal.ts'
import type { Duplex } from 'node:stream'

/**
 * Keeps sealed pages of one VM on an intermediary: the source puts them, the destination gets them. It keeps all of them until the destination needs none any more,
 * never more than its room, and cannot tell whether they are sound.
 */
export class Depot {
  /** Bytes. */
  readonly #room: number
  #memory: GuestMemory | null = null
  /** Place in `#runs`, plus one, of each page. */
  #runOf: Uint32Array = new Uint32Array(0)
  readonly #runs: { readonly first: number; readonly count: number; readonly payload: Buffer }[] = []
  #bytes = 0

  constructor(room: number) {
    this.#room = room
  }

  /** Bytes kept. */
  get bytes(): number {
    return this.#bytes
  }

  /** The source's end. */
  takeSource(link: Duplex): FrameLink {
    const source: FrameLink = new FrameLink(link, (got) => {
      if (got.type === frames.map) this.#begin(got)
      else if (got.type === frames.sealed) source.send(frame(this.#put(got) ? frames.stored : frames.full, { first: got.first, count: got.count }))
      else throw unexpected(got)
    })
    return source
  }

  /** The destination's end; `bye`: it needs nothing any more. */
  takeGather(link: Duplex, bye: () => void): FrameLink {
    const gather: FrameLink = new FrameLink(link, (got) => {
      if (got.type === frames.get) this.#get(gather, got.first, got.count)
      else if (got.type === frames.bye) bye()
      else throw unexpected(got)
    })
    return gather
  }

  #begin({ payload }: Frame): void {
    this.#memory = GuestMemory.fromMessage(payload)
    this.#runOf = new Uint32Array(this.#memory.pages)
  }

  #put({ first, count, payload }: Frame): boolean {
    if (!this.#memory) throw new Failure('scatter-frame', 'Pages came before the list of the guest’s memory.')
    this.#memory.check(first, count)
    if (payload.length !== count * (this.#memory.pageSize + sealLength)) throw new Failure('scatter-frame', 'A run of pages has the wrong length.')
    if (this.#bytes + payload.length > this.#room) return false
    this.#bytes += payload.length
    this.#runs.push({ first, count, payload })
    this.#runOf.fill(this.#runs.length, first, first + count)
    return true
  }

  #get(link: FrameLink, first: number, count: number): void {
    this.#memory?.check(first, count)
    const pageSize = this.#memory?.pageSize ?? 0
    for (let page = first; page < first + count; ) {
      const place = this.#runOf[page] ?? 0
      let end = page + 1
      while (end < first + count && this.#runOf[end] === place) end++
      const run = this.#runs[place - 1]
      if (!run) link.send(frame(frames.missing, { first: page, count: end - page }))
      else {
        const [from, length] = [page - run.first, end - page]
        const bytes = Buffer.allocUnsafeSlow(headerLength + length * (sealLength + pageSize))
        run.payload.copy(bytes, headerLength, from * sealLength, (from + length) * sealLength)
        const pagesAt = run.count * sealLength
        run.payload.copy(bytes, headerLength + length * sealLength, pagesAt + from * pageSize, pagesAt + (from + length) * pageSize)
        link.send(writeHeader(bytes, frames.sealed, page, length))
      }
      page = end
    }
  }
}

function unexpected(got: Frame): Failure {
  return new Failure('scatter-frame', 'The other agent sent something out of turn.', { evidence: `frame ${got.type}` })
}
