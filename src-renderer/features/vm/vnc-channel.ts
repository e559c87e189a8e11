import type { ConsoleLine } from './console-line.ts'

/**
 * A console as the raw channel that noVNC takes instead of a WebSocket (its core/websock.js names what one must have, as own properties or of the class).
 * noVNC sends views of a buffer that it uses again, so the line must copy; and it cannot be given a channel that is closed already.
 */
export class VncChannel {
  readonly protocol = ''
  binaryType = 'arraybuffer'
  readyState: 'connecting' | 'open' | 'closing' | 'closed' = 'connecting'
  onopen: (() => void) | null = null
  onmessage: ((event: { readonly data: ArrayBuffer }) => void) | null = null
  onclose: ((event: { readonly code: number; readonly reason: string }) => void) | null = null
  onerror: ((event: unknown) => void) | null = null
  readonly #line: Pick<ConsoleLine, 'send' | 'close'>

  constructor(line: Pick<ConsoleLine, 'send' | 'close'>) {
    this.#line = line
  }

  send(data: Uint8Array | ArrayBuffer): void {
    if (this.readyState === 'open') this.#line.send(data instanceof Uint8Array ? data : new Uint8Array(data))
  }

  /** noVNC is done with it. */
  close(): void {
    if (this.readyState === 'closed' || this.readyState === 'closing') return
    this.readyState = 'closing'
    this.#line.close()
    // Later, as a WebSocket would: noVNC, told at once, waits for it all the same and complains after three seconds.
    queueMicrotask(() => this.#end(''))
  }

  /** The far side opened the console. */
  opened(): void {
    if (this.readyState !== 'connecting') return
    this.readyState = 'open'
    this.onopen?.()
  }

  /** The far side said something. */
  received(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.readyState === 'open') this.onmessage?.({ data: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) })
  }

  /** The far side closed it, or it failed. */
  ended(reason: string): void {
    this.#end(reason)
  }

  #end(reason: string): void {
    if (this.readyState === 'closed') return
    this.readyState = 'closed'
    this.onclose?.({ code: reason === '' ? 1000 : 1006, reason })
  }
}
