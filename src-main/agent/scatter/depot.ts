import type { Duplex } from 'node:stream'
import { Failure } from '../../base/failure.ts'
import { DepotPeers } from './depot-peers.ts'
import { frame, frames, headerLength, writeHeader, type Frame } from './frame.ts'
import { FrameLink } from './frame-link.ts'
import { GuestMemory } from './guest-memory.ts'
import { sealLength } from './seal.ts'

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
  readonly #peers: DepotPeers
  #source: FrameLink | null = null

  /** `room`: bytes. `dialPeer`: opens a way to another depot of the VM, by its bit in frames. */
  constructor(room: number, dialPeer: (bit: number) => Promise<Duplex>) {
    this.#room = room
    this.#peers = new DepotPeers(dialPeer, (first, count, bit, isStored) => this.#source?.send(frame(isStored ? frames.stored : frames.full, { first, count, extra: bit })))
  }

  /** Bytes kept. */
  get bytes(): number {
    return this.#bytes
  }

  /** The source's end. */
  takeSource(link: Duplex): FrameLink {
    const source: FrameLink = new FrameLink(link, (got) => {
      if (got.type === frames.map) this.#begin(got)
      else if (got.type === frames.sealed) {
        this.#passOn(got)
        this.#answer(source, got)
      } else throw unexpected(got)
    })
    this.#source = source
    return source
  }

  /** Another depot's end, which passes on what is to be replicated here. */
  takePeer(link: Duplex): FrameLink {
    const peer: FrameLink = new FrameLink(link, (got) => {
      if (got.type === frames.sealed) this.#answer(peer, got)
      else throw unexpected(got)
    })
    return peer
  }

  close(): void {
    this.#peers.close()
    this.#source?.destroy('the depot is closed')
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

  #answer(link: FrameLink, got: Frame): void {
    link.send(frame(this.#put(got) ? frames.stored : frames.full, { first: got.first, count: got.count }))
  }

  /** To the depots whose bits are in `extra`. */
  #passOn({ first, count, extra, payload }: Frame): void {
    if (extra === 0) return
    const bytes = frame(frames.sealed, { first, count, payload })
    for (let bit = 1; bit <= extra; bit <<= 1) if ((extra & bit) !== 0) this.#peers.pass(bit, first, count, bytes)
  }

  #put({ first, count, payload }: Frame): boolean {
    if (!this.#memory) throw new Failure('scatter-frame', 'Pages came before the list of the guest’s memory.')
    this.#memory.check(first, count)
    if (payload.length !== count * (this.#memory.pageSize + sealLength)) throw new Failure('scatter-frame', 'A run of pages has the wrong length.')
    // From two sides, when one of them was thought to be lost.
    if (this.#runOf[first] !== 0) return true
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
