import { Duplex } from 'node:stream'
import type { ClientChannel } from 'ssh2'
import { Failure } from '../base/failure.ts'

/**
 * An ssh2 channel as a well-behaved Duplex: `destroy` closes the channel, errors arrive as errors, and a write to a channel that has gone fails
 * instead of never coming back. An error that nobody listens for does not end the program.
 */
export class ChannelStream extends Duplex {
  readonly #channel: ClientChannel
  #isGone = false
  #writing: ((error?: Error | null) => void) | null = null

  constructor(channel: ClientChannel) {
    // Not destroyed by itself when both sides have ended: a program's exit status comes after that.
    super({ highWaterMark: 256 * 1024, autoDestroy: false })
    this.#channel = channel
    this.on('error', () => {})
    channel.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) channel.pause()
    })
    channel.on('end', () => this.push(null))
    channel.on('error', (error: Error) => this.destroy(error))
    channel.on('close', () => this.#gone())
    channel.pause()
  }

  override _read(): void {
    this.#channel.resume()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    if (this.#isGone) {
      callback(brokenPipe())
      this.destroy(brokenPipe())
      return
    }
    this.#writing = callback
    this.#channel.write(chunk, (error) => this.#written(callback, error))
  }

  override _final(callback: (error?: Error | null) => void): void {
    if (!this.#isGone) this.#channel.end()
    callback()
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#isGone = true
    if (this.#writing) this.#written(this.#writing, error ?? brokenPipe())
    this.#channel.close()
    // Whatever still arrives is read and dropped, so that ssh2 comes to the channel's end.
    this.#channel.removeAllListeners('data')
    this.#channel.on('data', () => {})
    this.#channel.resume()
    callback(error)
  }

  #written(callback: (error?: Error | null) => void, error: Error | null | undefined): void {
    if (this.#writing !== callback) return
    this.#writing = null
    callback(error)
    if (error) this.destroy(error)
  }

  #gone(): void {
    if (this.#isGone) return
    this.#isGone = true
    if (this.#writing) this.#written(this.#writing, brokenPipe())
    else if (!this.destroyed) {
      // What has arrived stays readable, and a writer that had nothing under way has simply come to its end.
      const settle = () => {
        if (this.readableEnded && this.writableFinished) this.destroy()
      }
      this.once('end', settle)
      this.once('finish', settle)
      this.end()
    }
  }
}

function brokenPipe(): Failure {
  return new Failure('transport-closed', 'The other side has closed this channel.')
}
