import type { Duplex } from 'node:stream'
import { Failure, messageOf } from '../../base/failure.ts'
import { FrameReader, type Frame } from '../wire/frame.ts'

export interface LinkListener {
  /** What it throws ends the link. */
  frame(frame: Frame): void
  /** Once, with the reason; nothing comes after it. */
  lost(reason: Failure): void
}

/** Frames over a byte stream that it owns: cuts what comes in, writes what goes out, notices the end once. */
export class Link {
  readonly #stream: Duplex
  readonly #listener: LinkListener
  readonly #reader = new FrameReader()
  #isOver = false
  #isPaused = false
  #received = 0

  constructor(stream: Duplex, listener: LinkListener) {
    this.#stream = stream
    this.#listener = listener
    stream.on('data', this.#onData)
    stream.on('end', this.#onEnd)
    stream.on('close', this.#onEnd)
    stream.on('error', this.#onError)
  }

  get isOver(): boolean {
    return this.#isOver
  }

  get isPaused(): boolean {
    return this.#isPaused
  }

  /** Counts chunks, for whoever wants to know whether the far side is alive. */
  get received(): number {
    return this.#received
  }

  /** Bytes waiting to go out. */
  get unsent(): number {
    return this.#stream.writableLength
  }

  /** `sent` is called when the bytes are with the transport, or never will be. */
  write(frame: Buffer, sent?: () => void): void {
    if (this.#isOver) return sent?.()
    if (sent) this.#stream.write(frame, sent)
    else this.#stream.write(frame)
  }

  /** Stops reading, which stops the daemon from writing once the buffers between are full. */
  pause(): void {
    if (this.#isPaused || this.#isOver) return
    this.#isPaused = true
    this.#stream.pause()
  }

  resume(): void {
    if (!this.#isPaused || this.#isOver) return
    this.#isPaused = false
    this.#stream.resume()
  }

  /** Ends the link without telling the listener. */
  destroy(): void {
    this.#isOver = true
    this.#stream.off('data', this.#onData)
    this.#stream.destroy()
  }

  lose(reason: Failure): void {
    if (this.#isOver) return
    this.destroy()
    this.#listener.lost(reason)
  }

  #onData = (chunk: Buffer): void => {
    this.#received++
    try {
      for (const frame of this.#reader.push(chunk)) {
        this.#listener.frame(frame)
        if (this.#isOver) return
      }
    } catch (thrown) {
      this.lose(thrown instanceof Failure ? thrown : new Failure('protocol', messageOf(thrown), { cause: thrown }))
    }
  }

  #onEnd = (): void => {
    const cut = this.#reader.buffered
    this.lose(
      new Failure(
        'connection-lost',
        'The libvirt daemon, or the way to it, closed the connection.',
        cut > 0 ? { evidence: `${cut} bytes of an unfinished message` } : {},
      ),
    )
  }

  #onError = (error: Error): void => {
    this.lose(new Failure('connection-lost', 'The connection to the libvirt daemon broke.', { evidence: error.message, cause: error }))
  }
}
