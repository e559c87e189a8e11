import type { Duplex } from 'node:stream'
import { Failure, messageOf } from '../../base/failure.ts'
import { ownMemory, type Slab } from '../slabs/slab.ts'
import type { Arrivals } from './arrivals.ts'
import { layoutOf, readData, type DataLayout, type DataSink } from './data.ts'
import { frameOf, frames, jsonFrame, numberFrame, refusalOf } from './frame.ts'
import { hashOf, pageBytes } from './page-hash.ts'
import type { PageStore } from './page-store.ts'

/** A frame may stand for so much of a stream, and the last one may reach beyond the window by it. */
const longestPiece = 2 * 1024 * 1024
const acksPerWindow = 16
/** Of what waits for QEMU, so much stays where it was read to, between what is of other streams; more than that is copied, so that a slow QEMU does not hold on to what came for others. */
const mostHeld = 1024 * 1024

/** A piece of the stream in its order, with so many pages still missing. */
interface Piece {
  readonly bytes: Buffer
  /** What they lie in, held. */
  readonly slab: Slab
  missing: number
}

/** A page that was asked for at the source. */
interface Needed {
  readonly piece: Piece
  readonly at: number
  readonly slot: number
  readonly hash: string
}

export interface StreamSurroundings {
  readonly store: PageStore
  readonly arrivals: Arrivals
  /** As {@link PageStore.copy}, over all slots that the source may name. */
  readonly copy: (slot: number, hash: string, target: Buffer, at: number) => boolean
  /** Bytes that the source may have under way. */
  readonly window: number
  /** What the frame that is being taken lies in. */
  readonly slab: () => Slab
  /** Sends a frame to the source. */
  readonly send: (frame: Buffer) => void
}

/** One VM's stream on its way from a page channel into the destination's QEMU. QEMU's connection belongs to it. */
export class ReceiverStream {
  readonly #number: number
  readonly #qemu: Duplex
  readonly #around: StreamSurroundings
  readonly #queue: Piece[] = []
  readonly #needed = new Map<number, Needed>()
  #references = 0
  /** Bytes of the stream that have come and are not yet taken by QEMU. */
  #underway = 0
  #unacknowledged = 0
  #hasEnded = false
  #isOver = false
  #settle: () => void = () => {}

  /** Resolves when QEMU's connection is gone and nothing is left to do. */
  readonly over: Promise<void>

  constructor(number: number, qemu: Duplex, around: StreamSurroundings) {
    this.#number = number
    this.#qemu = qemu
    this.#around = around
    this.over = new Promise((resolve) => (this.#settle = resolve))
    qemu.on('data', (chunk: Buffer) => around.send(frameOf(frames.back, number, chunk)))
    qemu.on('error', (thrown) => this.fail(new Failure('relay-destination', 'The destination’s QEMU broke its connection.', { evidence: messageOf(thrown) })))
    qemu.on('close', () => this.#closed())
  }

  /** Throws `pages-malformed`. */
  take(kind: number, body: Buffer): void {
    if (this.#isOver) return
    switch (kind) {
      case frames.data:
        return this.#data(body)
      case frames.fill:
        return this.#fill(body)
      case frames.end:
        this.#hasEnded = true
        return this.#drain()
      case frames.abort:
        return this.#end()
    }
  }

  /** Gives the stream up at both ends. */
  fail(failure: Failure): void {
    if (this.#isOver) return
    this.#around.send(jsonFrame(frames.abort, this.#number, refusalOf(failure)))
    this.#end()
  }

  /** Breaks QEMU's connection without a word. */
  destroy(): void {
    this.#end()
  }

  #data(body: Buffer): void {
    const layout = layoutOf(body)
    if (this.#hasEnded || layout.streamBytes > longestPiece) throw new Failure('pages-malformed', 'A piece of a stream makes no sense.', { evidence: `${layout.streamBytes} bytes` })
    this.#underway += layout.streamBytes
    if (this.#underway > this.#around.window + longestPiece) throw new Failure('pages-malformed', 'The other agent sends more than was agreed upon.', { evidence: `${this.#underway} bytes under way` })
    this.#queue.push(layout.references === 0 ? this.#asItIs(body, layout) : this.#putTogether(body, layout))
    this.#drain()
  }

  /** All literal: the frame's own bytes are the stream. */
  #asItIs(body: Buffer, layout: DataLayout): Piece {
    readData(body, layout, { raw: () => {}, fresh: (_, slot, from) => this.#keep(slot, body, from), known: () => {}, coming: () => {} })
    const bytes = body.subarray(layout.literals)
    if (this.#underway > mostHeld) return { bytes: Buffer.from(bytes), slab: ownMemory, missing: 0 }
    const slab = this.#around.slab()
    slab.hold()
    return { bytes, slab, missing: 0 }
  }

  #putTogether(body: Buffer, layout: DataLayout): Piece {
    const { copy, arrivals } = this.#around
    const piece: Piece = { bytes: Buffer.allocUnsafeSlow(layout.streamBytes), slab: ownMemory, missing: 0 }
    const wait = (at: number, slot: number, hash: string) => {
      const number = this.#references
      piece.missing += 1
      return (page: Buffer | null) => {
        if (page) this.#place(piece, at, page)
        else if (!this.#isOver) {
          this.#needed.set(number, { piece, at, slot, hash })
          this.#around.send(numberFrame(frames.need, this.#number, number))
        }
      }
    }
    const sink: DataSink = {
      raw: (at, from, length) => void body.copy(piece.bytes, at, from, from + length),
      fresh: (at, slot, from) => {
        this.#keep(slot, body, from)
        body.copy(piece.bytes, at, from, from + pageBytes)
      },
      known: (at, slot, hash) => {
        if (!copy(slot, hash, piece.bytes, at)) {
          const taker = wait(at, slot, hash)
          if (!arrivals.join(hash, taker)) taker(null)
        }
        this.#references += 1
      },
      coming: (at, slot, hash) => {
        const taker = wait(at, slot, hash)
        if (!arrivals.join(hash, taker)) arrivals.expect(slot, hash, taker)
        this.#references += 1
      },
    }
    readData(body, layout, sink)
    return piece
  }

  #keep(slot: number, body: Buffer, from: number): void {
    this.#around.arrivals.release(slot)
    if (!this.#around.store.put(slot, body, from)) throw new Failure('pages-malformed', 'The other agent names a place for a page that there is not.', { evidence: `slot ${slot} of ${this.#around.store.capacity}` })
  }

  /** The page that was asked for: checked like any other, since its name is what the stream said. */
  #fill(body: Buffer): void {
    const needed = body.length === 4 + pageBytes ? this.#needed.get(body.readUInt32BE(0)) : undefined
    const page = body.subarray(4)
    if (!needed || hashOf(page) !== needed.hash) throw new Failure('pages-malformed', 'The other agent sent another page than it was asked for.')
    this.#needed.delete(body.readUInt32BE(0))
    this.#around.arrivals.filled(needed.slot, needed.hash, page)
    this.#place(needed.piece, needed.at, page)
  }

  #place(piece: Piece, at: number, page: Buffer): void {
    page.copy(piece.bytes, at)
    piece.missing -= 1
    if (piece.missing === 0) this.#drain()
  }

  #drain(): void {
    if (this.#isOver) return
    let count = 0
    for (; count < this.#queue.length && this.#queue[count]?.missing === 0; count++) {
      const { bytes, slab } = this.#queue[count] as Piece
      this.#qemu.write(bytes, (thrown) => {
        slab.release()
        if (!thrown) this.#taken(bytes.length)
      })
    }
    if (count > 0) this.#queue.splice(0, count)
    if (this.#hasEnded && this.#queue.length === 0 && !this.#qemu.writableEnded) this.#qemu.end()
  }

  /** A word every now and then: each is a piece of TLS of its own, and the source has a whole window to go on with. */
  #taken(bytes: number): void {
    this.#underway -= bytes
    this.#unacknowledged += bytes
    if (this.#unacknowledged >= this.#around.window / acksPerWindow) this.#acknowledge()
  }

  #acknowledge(): void {
    if (this.#unacknowledged > 0 && !this.#isOver) this.#around.send(numberFrame(frames.ack, this.#number, this.#unacknowledged))
    this.#unacknowledged = 0
  }

  #closed(): void {
    if (this.#isOver) return
    // Whether that was all, the source knows: a QEMU that has everything may hang up before the other one has.
    if (this.#queue.length === 0) {
      this.#acknowledge()
      this.#around.send(frameOf(frames.backEnd, this.#number))
      return this.#end()
    }
    this.fail(new Failure('relay-destination', 'The destination’s QEMU hung up before it had all of the memory.', { next: 'Its log on the destination says why.' }))
  }

  #end(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#queue.length = 0
    this.#needed.clear()
    this.#qemu.destroy()
    this.#settle()
  }
}
