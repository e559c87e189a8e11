import { Failure } from '../../base/failure.ts'
import { headBytes, longestBody } from './frame.ts'

/** Reads frames in whatever chunks they come. A body that came in one chunk is a part of it; others are put together in a buffer of their own. */
export class FrameReader {
  readonly #take: (kind: number, stream: number, body: Buffer) => void
  readonly #head = Buffer.alloc(headBytes)
  #headFilled = 0
  #body: Buffer | null = null
  #bodyFilled = 0

  constructor(take: (kind: number, stream: number, body: Buffer) => void) {
    this.#take = take
  }

  /** Throws `pages-malformed` at a length that no frame has, and what `take` throws. */
  push(chunk: Buffer): void {
    let at = 0
    while (at < chunk.length) {
      if (this.#body) {
        const count = Math.min(chunk.length - at, this.#body.length - this.#bodyFilled)
        chunk.copy(this.#body, this.#bodyFilled, at, at + count)
        this.#bodyFilled += count
        at += count
        if (this.#bodyFilled === this.#body.length) this.#emit(this.#body)
        continue
      }
      const count = Math.min(chunk.length - at, headBytes - this.#headFilled)
      chunk.copy(this.#head, this.#headFilled, at, at + count)
      this.#headFilled += count
      at += count
      if (this.#headFilled < headBytes) return
      const length = this.#head.readUInt32BE(0)
      if (length > longestBody) throw new Failure('pages-malformed', 'What the other agent sent is no page channel.', { evidence: `a frame of ${length} bytes` })
      if (chunk.length - at >= length) {
        at += length
        this.#emit(chunk.subarray(at - length, at))
      } else {
        this.#body = Buffer.allocUnsafeSlow(length)
        this.#bodyFilled = 0
      }
    }
  }

  #emit(body: Buffer): void {
    this.#body = null
    this.#headFilled = 0
    this.#take(this.#head[4] as number, this.#head.readUInt16BE(6), body)
  }
}
