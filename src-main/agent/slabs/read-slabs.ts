import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'
import { ownMemory, slabBytes, SlabPool, type Slab } from './slab.ts'

// Node makes a buffer of 16 KiB (TLS) or 64 KiB for each read; at a gigabyte a second, making them, the page faults of new memory and collecting what is dropped cost more than all the rest.
// A socket that is dialled can be given memory to read into (`onread` of net.connect); one that was accepted, and TLS over a socket that there is already, have the same inside but no way to ask for it.

/** A read is given no less than this. */
const leastRead = 64 * 1024
/** What TLS hands over at a time: a record (RFC 8446, 5.1). */
const recordBytes = 16 * 1024

type Taker = (bytes: Buffer, slab: Slab) => void

interface Insides {
  readonly buffer: symbol
  readonly callback: symbol
  readonly next: symbol
}

interface SocketInside {
  _handle: { useUserBuffer?: (buffer: Uint8Array) => void } | null
  [key: symbol]: unknown
}

/** Where a socket keeps what `onread` gave it (lib/net.js, lib/internal/stream_base_commons.js of Node); null where this Node has it elsewhere. */
function insidesOf(socket: Socket): Insides | null {
  const named = new Map(Object.getOwnPropertySymbols(socket).map((symbol) => [symbol.description, symbol]))
  const [buffer, callback, next] = ['kBuffer', 'kBufferCb', 'kBufferGen'].map((name) => named.get(name))
  return buffer && callback && next ? { buffer, callback, next } : null
}

/**
 * Reads a stream for good: `take` gets its bytes in their order, in memory that is used again unless it holds the slab. The stream's `pause` and `resume` work as ever; what was under way at a pause still comes.
 * `mostBytes`: that one read may bring, which more may follow at once. Works with any stream; answers whether it saves memory, which it does with sockets and TLS of the Node that an agent brings along. `take` must not throw.
 */
export function readSlabs(stream: Duplex, take: Taker, mostBytes = slabBytes): boolean {
  const inside = stream instanceof Socket && stream.readableFlowing !== true ? insidesOf(stream) : null
  const socket = stream as unknown as SocketInside
  if (!inside || !socket._handle?.useUserBuffer) {
    stream.on('data', (chunk: Buffer) => take(chunk, ownMemory))
    return false
  }
  // What was read before, a greeting's rest, comes first.
  for (let early: Buffer | null; (early = stream.read() as Buffer | null) !== null; ) take(early, ownMemory)
  const isTls = stream instanceof TLSSocket
  const filler = new Filler((bytes, slab) => (stream.destroyed ? undefined : take(bytes, slab)), isTls ? recordBytes : leastRead, isTls ? recordBytes : mostBytes, isTls)
  const first = filler.next()
  socket[inside.buffer] = first
  socket[inside.next] = () => filler.next()
  socket[inside.callback] = (count: number) => {
    filler.filled(count)
    return !stream.isPaused()
  }
  socket._handle.useUserBuffer(first)
  stream.prependListener('end', () => filler.flush())
  return true
}

/** Puts what comes one behind the other. Records of TLS come one by one and are handed on together, once a turn of the event loop. */
class Filler {
  readonly #take: Taker
  readonly #least: number
  readonly #most: number
  readonly #gathers: boolean
  readonly #pool = new SlabPool()
  #slab = this.#pool.take()
  #from = 0
  #at = 0
  #isDue = false

  constructor(take: Taker, least: number, most: number, gathers: boolean) {
    this.#take = take
    this.#least = least
    this.#most = most
    this.#gathers = gathers
  }

  /** Where the next bytes go. */
  next(): Buffer {
    return this.#slab.bytes.subarray(this.#at, this.#at + this.#most)
  }

  filled(count: number): void {
    this.#at += count
    const isFull = slabBytes - this.#at < this.#least
    if (isFull || !this.#gathers) return this.flush()
    if (this.#isDue) return
    this.#isDue = true
    setImmediate(() => this.flush())
  }

  flush(): void {
    this.#isDue = false
    const [slab, from, to] = [this.#slab, this.#from, this.#at]
    const isFull = slabBytes - to < this.#least
    if (isFull) {
      this.#slab = this.#pool.take()
      this.#from = this.#at = 0
    } else this.#from = to
    if (to > from) this.#take(slab.bytes.subarray(from, to), slab)
    if (isFull) slab.release()
  }
}
