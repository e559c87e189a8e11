import type { Duplex } from 'node:stream'
import { Failure, messageOf } from '../../base/failure.ts'
import { headerLength, longestPayload, type Frame } from './frame.ts'

/** Takes bytes apart into frames, in whatever chunks they come. Throws `scatter-frame` when they make no sense. */
export class FrameReader {
  readonly #take: (frame: Frame) => void
  readonly #header = Buffer.alloc(headerLength)
  #headerHas = 0
  #payload: Buffer = this.#header
  #has = 0

  constructor(take: (frame: Frame) => void) {
    this.#take = take
  }

  push(chunk: Buffer): void {
    let at = 0
    for (;;) {
      if (this.#headerHas < headerLength) {
        const copied = chunk.copy(this.#header, this.#headerHas, at)
        at += copied
        this.#headerHas += copied
        if (this.#headerHas < headerLength) return
        const length = this.#header.readUInt32BE(4)
        if (length > longestPayload) throw new Failure('scatter-frame', 'The other agent sent something that makes no sense.', { evidence: `a frame of ${length} bytes` })
        this.#payload = Buffer.allocUnsafeSlow(length)
        this.#has = 0
      }
      const copied = chunk.copy(this.#payload, this.#has, at)
      at += copied
      this.#has += copied
      if (this.#has < this.#payload.length) return
      this.#headerHas = 0
      this.#take({ type: this.#header[0] as number, extra: this.#header[1] as number, first: this.#header.readUInt32BE(8), count: this.#header.readUInt32BE(12), payload: this.#payload })
    }
  }
}

/** A link between two agents that carries frames. What a frame's taker throws breaks the link, with that as the reason. */
export class FrameLink {
  readonly #link: Duplex
  #reason: string | null = null
  #hasEnded = false

  /** Resolves once to why it went; null: the far side ended it in order. */
  readonly closed: Promise<string | null>

  constructor(link: Duplex, take: (frame: Frame) => void) {
    this.#link = link
    const reader = new FrameReader(take)
    link.on('data', (chunk: Buffer) => {
      if (this.#reason !== null) return
      try {
        reader.push(chunk)
      } catch (thrown) {
        this.destroy(messageOf(thrown))
      }
    })
    this.closed = new Promise((resolve) => {
      link.once('end', () => {
        this.#hasEnded = true
        link.end()
      })
      link.once('error', (thrown) => {
        this.#reason ??= thrown.message
        link.destroy()
      })
      link.once('close', () => resolve(this.#reason ?? (this.#hasEnded ? null : 'it broke off')))
    })
    link.resume()
  }

  get isOpen(): boolean {
    return !this.#link.destroyed && this.#link.writable
  }

  /** Bytes that the system has not taken yet. */
  get unsent(): number {
    return this.#link.writableLength
  }

  /** A whole frame with its header. Silently dropped where the link is gone: whoever minds listens to `closed`. */
  send(bytes: Buffer): void {
    if (this.isOpen) this.#link.write(bytes)
  }

  end(): void {
    if (this.isOpen) this.#link.end()
  }

  destroy(reason: string): void {
    this.#reason ??= reason
    this.#link.destroy()
  }
}
