import { Duplex, type DuplexOptions } from 'node:stream'
import { Failure } from '../../base/failure.ts'
import { decodeValue } from '../wire/codec.ts'
import { encodeFrame, type Frame, type MessageStatus } from '../wire/frame.ts'
import { maxStreamPacket } from '../wire/limits.ts'
import { remoteError } from '../wire/objects.ts'
import { programs, programVersion, type StreamDirection } from '../wire/procedures/procedure.ts'
import { LibvirtError } from './libvirt-error.ts'
import type { Link } from './link.ts'

interface StreamAbout {
  readonly name: string
  readonly number: number
  readonly direction: StreamDirection
  readonly serial: number
  readonly table: StreamTable
}

/** Node knows `readable` and `writable` here, its types do not. */
function sidesOf(direction: StreamDirection): DuplexOptions & { readonly readable: boolean; readonly writable: boolean } {
  return { readable: direction !== 'write', writable: direction !== 'read', allowHalfOpen: true }
}

/**
 * opening: the call is not answered yet; forsaken: and nobody waits for the answer. open: data flows. finishing: we said OK and wait for
 * the daemon's. aborting: likewise with an abort. over: the daemon has no such stream any more.
 */
type Phase = 'opening' | 'forsaken' | 'open' | 'finishing' | 'aborting' | 'over'

/**
 * A libvirt stream (virStream) as a Node stream. Reading ends after the daemon has confirmed that everything was well; `end` finishes the
 * stream and `finish` fires when the daemon has confirmed; `destroy` before that aborts it there. Errors are LibvirtErrors or
 * `connection-lost`; one that nobody listens for is kept in `errored` and does not end the process.
 */
export class LibvirtStream extends Duplex {
  readonly #about: StreamAbout
  #phase: Phase = 'opening'
  #waiting: Buffer[] = []
  #unread = 0
  #wantsMore = true
  #isComplete = false
  #confirmed: ((error: Error | null) => void)[] = []

  constructor(about: StreamAbout) {
    super(sidesOf(about.direction))
    this.#about = about
    // An error may come in the same chunk as the answer that makes the stream, before its owner can have listened.
    this.on('error', () => {})
  }

  /** The call that opened it. */
  get procedure(): string {
    return this.#about.name
  }

  get serial(): number {
    return this.#about.serial
  }

  /** Bytes received that nobody has read yet, beyond Node's own small buffer. */
  get unread(): number {
    return this.#unread
  }

  override _read(): void {
    this.#wantsMore = true
    this.#drain()
    this.#about.table.balance()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    if (this.#phase !== 'open') return callback(new Failure('stream-over', `${this.procedure}: the stream has ended.`))
    // An empty packet would say the same as end.
    if (chunk.length === 0) return callback()
    for (let at = 0; at < chunk.length; at += maxStreamPacket) {
      const isLast = at + maxStreamPacket >= chunk.length
      this.#send('continue', chunk.subarray(at, at + maxStreamPacket), isLast ? () => callback() : undefined)
    }
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.#finish(callback)
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#waiting = []
    this.#unread = 0
    if (this.#phase === 'open') {
      this.#phase = 'aborting'
      this.#send('error')
    } else if (this.#phase === 'opening') this.#phase = 'forsaken'
    this.#about.table.balance()
    this.#settle(error ?? new Failure('stream-over', `${this.procedure}: the stream was aborted.`))
    callback(error)
  }

  /** The daemon has made the stream. One that nobody waits for any more is aborted now: before, there was nothing to abort. */
  opened(): void {
    if (this.#phase === 'forsaken') {
      this.#phase = 'aborting'
      this.#send('error')
    } else if (this.#phase === 'opening') this.#phase = 'open'
  }

  /** The daemon has no such stream, or there is no daemon any more. */
  gone(error?: Failure): void {
    const hasOwner = this.#phase !== 'opening'
    this.#over()
    this.destroy(hasOwner ? error : undefined)
  }

  accept(frame: Frame): void {
    if (this.#phase === 'forsaken') return
    if (this.#phase === 'aborting') {
      if (frame.status !== 'continue') this.#over()
      return
    }
    if (frame.status === 'error') {
      this.#over()
      this.destroy(new LibvirtError(this.procedure, decodeValue(remoteError, frame.payload)))
    } else if (frame.type === 'streamHole') {
      this.destroy(new Failure('protocol', `${this.procedure}: the daemon sent a hole in a stream that was not opened as sparse.`))
    } else if (frame.status === 'ok') {
      this.#over()
      this.#settle(null)
      this.#isComplete = true
      this.#drain()
    } else if (frame.payload.length === 0) {
      // The daemon has no more to send; it keeps the stream until we finish it.
      if (this.writable) this.end()
      else this.#finish(() => {})
    } else {
      // Copied: the frame is a view into a larger buffer that would live as long as this piece.
      this.#waiting.push(Buffer.from(frame.payload))
      this.#unread += frame.payload.length
      this.#drain()
    }
  }

  #drain(): void {
    if (this.destroyed || this.#about.direction === 'write') return
    while (this.#wantsMore) {
      const next = this.#waiting.shift()
      if (!next) break
      this.#unread -= next.length
      this.#wantsMore = this.push(next)
    }
    if (this.#isComplete && this.#waiting.length === 0) this.push(null)
  }

  #finish(callback: (error: Error | null) => void): void {
    if (this.#phase === 'over') return callback(null)
    this.#confirmed.push(callback)
    if (this.#phase !== 'open' && this.#phase !== 'opening') return
    this.#phase = 'finishing'
    this.#send('ok')
  }

  #settle(error: Error | null): void {
    const confirmed = this.#confirmed
    this.#confirmed = []
    for (const callback of confirmed) callback(error)
  }

  #over(): void {
    this.#phase = 'over'
    this.#about.table.remove(this)
  }

  #send(status: MessageStatus, payload?: Buffer, sent?: () => void): void {
    const { number, serial, table } = this.#about
    table.link.write(
      encodeFrame({ program: programs.remote, version: programVersion, procedure: number, type: 'stream', serial, status }, payload),
      sent,
    )
  }
}

/** The streams of one connection, and how much of them waits to be read. */
export class StreamTable {
  readonly link: Link
  readonly #maxUnread: number
  readonly #streams = new Map<number, LibvirtStream>()

  constructor(link: Link, maxUnread: number) {
    this.link = link
    this.#maxUnread = maxUnread
  }

  get size(): number {
    return this.#streams.size
  }

  add(stream: LibvirtStream): LibvirtStream {
    this.#streams.set(stream.serial, stream)
    return stream
  }

  find(serial: number): LibvirtStream | undefined {
    return this.#streams.get(serial)
  }

  remove(stream: LibvirtStream): void {
    this.#streams.delete(stream.serial)
  }

  /** What belongs to no stream is left alone: it may be on its way while the stream is being aborted. */
  accept(frame: Frame): void {
    this.#streams.get(frame.serial)?.accept(frame)
    this.balance()
  }

  /** Stops and starts reading the connection by what waits to be read. */
  balance(): void {
    let unread = 0
    for (const stream of this.#streams.values()) unread += stream.unread
    if (unread > this.#maxUnread) this.link.pause()
    else if (unread <= this.#maxUnread / 2) this.link.resume()
  }

  failAll(failureOf: () => Failure): void {
    const streams = [...this.#streams.values()]
    this.#streams.clear()
    for (const stream of streams) stream.gone(failureOf())
  }
}
