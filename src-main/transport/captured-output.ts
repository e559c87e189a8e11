import type { Readable } from 'node:stream'

/** How much of each output stream of a command is kept, in bytes. */
export const outputLimit = 1024 * 1024

/** Reads a stream to its end and keeps its first `outputLimit` bytes; the rest is read and dropped, so that the program is never blocked. */
export class CapturedOutput {
  readonly #chunks: Buffer[] = []
  #size = 0
  /** Resolves when the stream has ended, for whatever reason; never rejects. */
  readonly ended: Promise<void>

  constructor(stream: Readable) {
    this.ended = new Promise((resolve) => {
      stream.on('data', (chunk: Buffer) => {
        const room = outputLimit - this.#size
        if (room <= 0) return
        const kept = chunk.length > room ? chunk.subarray(0, room) : chunk
        this.#chunks.push(kept)
        this.#size += kept.length
      })
      stream.once('end', resolve)
      stream.once('close', resolve)
      stream.once('error', () => resolve())
    })
  }

  get text(): string {
    return Buffer.concat(this.#chunks).toString('utf8')
  }
}
