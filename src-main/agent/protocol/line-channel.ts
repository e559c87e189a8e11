import type { Duplex } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import { Emitter } from '../../base/event.ts'
import { Failure, messageOf } from '../../base/failure.ts'

/** The longest line that is taken: a start command with three domain definitions in it fits many times over. */
const longestLine = 8 * 1024 * 1024

/**
 * JSON lines over a byte stream, both ways. A line that is too long or no JSON ends the channel with `Failure('agent-garbage')`.
 * What a line means is the caller's to check.
 */
export class LineChannel {
  readonly #stream: Duplex
  readonly #messages = new Emitter<unknown>()
  readonly #decoder = new StringDecoder('utf8')
  #rest = ''
  #failure: Failure | null = null
  #settle: (failure: Failure | null) => void = () => {}

  /** Resolves once, when the channel is gone: with why, or null after an orderly end. */
  readonly closed: Promise<Failure | null>
  readonly onDidReceive = this.#messages.event

  constructor(stream: Duplex) {
    this.#stream = stream
    this.closed = new Promise((resolve) => (this.#settle = resolve))
    stream.on('data', (chunk: Buffer) => this.#take(this.#decoder.write(chunk)))
    stream.on('end', () => this.close())
    stream.on('error', (thrown) => this.#end(new Failure('agent-channel', 'The channel to the agent broke.', { evidence: messageOf(thrown) })))
    stream.on('close', () => this.#end(null))
  }

  /** False when the stream's buffer is full: then wait for {@link whenDrained} before sending what can wait. */
  send(message: unknown): boolean {
    if (this.#stream.destroyed || this.#stream.writableEnded) return false
    return this.#stream.write(`${JSON.stringify(message)}\n`)
  }

  /** Runs `then` as soon as the stream takes data again; never if it closes first. */
  whenDrained(then: () => void): void {
    if (!this.#stream.writableNeedDrain) queueMicrotask(then)
    else this.#stream.once('drain', then)
  }

  /** Sends what is buffered, then ends. */
  close(): void {
    if (!this.#stream.writableEnded) this.#stream.end()
    // A peer that does not read must not keep the stream: what it has not taken within a second is lost.
    if (!this.#stream.destroyed) setTimeout(() => this.#stream.destroy(), 1000).unref()
  }

  #take(text: string): void {
    this.#rest += text
    for (let end = this.#rest.indexOf('\n'); end >= 0; end = this.#rest.indexOf('\n')) {
      const line = this.#rest.slice(0, end)
      this.#rest = this.#rest.slice(end + 1)
      if (line.trim() === '') continue
      let message: unknown
      try {
        message = JSON.parse(line)
      } catch {
        return this.#refuse('A line of the agent is not JSON.', line.slice(0, 200))
      }
      if (this.#failure) return
      this.#messages.fire(message)
    }
    if (this.#rest.length > longestLine) this.#refuse('A line of the agent does not end.', `${this.#rest.length} characters`)
  }

  #refuse(sentence: string, evidence: string): void {
    this.#rest = ''
    this.#end(new Failure('agent-garbage', sentence, { evidence }))
  }

  #end(failure: Failure | null): void {
    this.#failure ??= failure
    this.#settle(this.#failure)
    this.#stream.destroy()
    this.#messages.dispose()
  }
}
