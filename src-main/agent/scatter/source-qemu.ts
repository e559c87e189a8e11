import type { Duplex } from 'node:stream'
import { messageOf } from '../../base/failure.ts'
import type { SocketHolder } from '../relay/socket-holder.ts'
import { requestMessage, shutMessage } from '../stream/return-path.ts'

type Holder = Pick<SocketHolder, 'release'>

export interface SourceQemuOptions {
  /** Gives QEMU's connection a second holder, for the time between its end of stream and SHUT. */
  readonly hold?: (qemu: Duplex) => Promise<Holder>
  /** Whether QEMU, whose stream is not read now, is far from its end, so that its connection may be broken. Default: it is. */
  readonly isMidway?: () => Promise<boolean>
  readonly log: (level: 'info' | 'warning', text: string) => void
}

/** The connection of the source's QEMU, which must never break when QEMU has sent all and has not been told SHUT: it would run its guest again beside the destination's. */
export class SourceQemu {
  readonly #link: Duplex
  readonly #options: SourceQemuOptions
  #holder: Promise<Holder | null> = Promise.resolve(null)

  /** `ended`: it has hung up, in order or not; may be called twice. */
  constructor(link: Duplex, options: SourceQemuOptions, on: { data: (chunk: Buffer) => void; ended: () => void; broken: (why: string) => void }) {
    this.#link = link
    this.#options = options
    link.on('data', on.data)
    link.once('end', on.ended)
    link.once('error', (thrown) => on.broken(thrown.message))
    link.once('close', on.ended)
    link.resume()
  }

  /** It is read only as long as there is room for what it sends. */
  brake(isFull: boolean): void {
    if (isFull && !this.#link.isPaused()) this.#link.pause()
    else if (!isFull && this.#link.isPaused()) this.#link.resume()
  }

  /** A message of the return path, as it is. */
  tell(message: Buffer): void {
    this.#link.write(message)
  }

  /** A request without the block's name would refer to one that QEMU may never have seen. */
  request(block: string, offset: number, length: number): void {
    this.#link.write(requestMessage(block, offset, length))
  }

  shut(): void {
    this.#link.write(shutMessage())
  }

  /** From the switch on. */
  hold(): void {
    this.#holder =
      this.#options.hold?.(this.#link).catch((thrown: unknown) => {
        this.#options.log('warning', `scatter: ${messageOf(thrown)}`)
        return null
      }) ?? this.#holder
  }

  release(): void {
    void this.#holder.then((holder) => holder?.release())
  }

  destroy(): void {
    this.#link.destroy()
  }

  /** In the midst of the memory a break lets the post-copy be resumed. Should QEMU be at its end already, a break would have it run its guest again: then it is told that all is well, and stops for good. */
  async breakOff(): Promise<void> {
    this.#link.pause()
    this.#link.removeAllListeners('data')
    const { isMidway } = this.#options
    const mayBreak = isMidway ? await isMidway() : true
    if (!mayBreak) {
      this.#options.log('warning', 'scatter: QEMU is at the end of its memory and is told so, since a break would have it run on here')
      this.shut()
      return void this.#link.resume()
    }
    this.release()
    this.destroy()
  }
}
