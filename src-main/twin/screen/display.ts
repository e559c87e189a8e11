import type { Duplex } from 'node:stream'
import type { Disposable } from '../../base/disposable.ts'
import type { Domain } from '../daemon/domain.ts'
import type { WorldClock } from '../time/world-clock.ts'
import { GuestScreen } from './guest-screen.ts'
import { decodeFormat, encodeFormat, encodeRectangle, ownFormat, type PixelFormat } from './pixel-format.ts'
import type { Rectangle } from './raster.ts'

const version = 'RFB 003.008\n'
/** Between looks at the guest, virtual ms. */
const tickMs = 1000
/** The client's messages (RFC 6143, section 7.5) by their first byte: what they are long at least. */
const lengths: Readonly<Record<number, number>> = { 0: 20, 2: 4, 3: 10, 4: 8, 5: 6, 6: 8 }
const security = { none: 1 } as const

/** Serves the display of a domain to one viewer, by the RFB protocol (https://www.rfc-editor.org/rfc/rfc6143) in its raw encoding, until either goes. */
export function serveDisplay(stream: Duplex, domain: Domain, clock: WorldClock): void {
  const viewer = new Viewer(stream, domain, clock)
  domain.viewers.add(viewer)
  stream.once('close', () => {
    domain.viewers.delete(viewer)
    viewer.dispose()
  })
}

type Step = 'version' | 'security' | 'init' | 'serving'

class Viewer implements Disposable {
  readonly #stream: Duplex
  readonly #domain: Domain
  readonly #clock: WorldClock
  readonly #screen: GuestScreen
  #step: Step = 'version'
  #waiting = Buffer.alloc(0)
  #format: PixelFormat = ownFormat
  /** The viewer asked, and was not answered yet. */
  #isAsked = false
  #changes: Rectangle[] = []
  #timer: Disposable | null = null

  constructor(stream: Duplex, domain: Domain, clock: WorldClock) {
    this.#stream = stream
    this.#domain = domain
    this.#clock = clock
    this.#screen = new GuestScreen(domain.name, domain.guest)
    stream.on('error', () => {})
    stream.on('data', (chunk: Buffer) => this.#take(chunk))
    stream.on('drain', () => this.#answer())
    stream.write(version)
  }

  dispose(): void {
    this.#timer?.dispose()
    this.#timer = null
    this.#stream.destroy()
  }

  #take(chunk: Buffer): void {
    this.#waiting = Buffer.concat([this.#waiting, chunk])
    for (;;) {
      const length = this.#nextLength()
      if (length === null) return this.dispose()
      if (length === 0 || this.#waiting.length < length) return
      const message = this.#waiting.subarray(0, length)
      this.#waiting = this.#waiting.subarray(length)
      this.#handle(message)
    }
  }

  /** Bytes of the next message, 0 while that cannot be told, null for one that there is not. */
  #nextLength(): number | null {
    if (this.#step === 'version') return version.length
    if (this.#waiting.length === 0) return 0
    if (this.#step !== 'serving') return 1
    const least = lengths[this.#waiting.readUInt8(0)]
    if (least === undefined) return null
    if (this.#waiting.length < least) return 0
    if (this.#waiting.readUInt8(0) === 2) return 4 + 4 * this.#waiting.readUInt16BE(2)
    // A length below zero is an extension that only servers that announce it are sent.
    if (this.#waiting.readUInt8(0) === 6) return 8 + Math.abs(this.#waiting.readInt32BE(4))
    return least
  }

  #handle(message: Buffer): void {
    switch (this.#step) {
      case 'version':
        this.#step = 'security'
        this.#stream.write(Buffer.from([1, security.none]))
        return
      case 'security':
        if (message[0] !== security.none) return this.dispose()
        this.#step = 'init'
        this.#stream.write(Buffer.alloc(4))
        return
      case 'init':
        this.#step = 'serving'
        this.#stream.write(this.#serverInit())
        return this.#tick()
      case 'serving':
        return this.#serve(message)
    }
  }

  #serverInit(): Buffer {
    const { width, height } = this.#screen.raster
    const name = Buffer.from(`${this.#domain.name} (demo)`)
    const head = Buffer.alloc(24)
    head.writeUInt16BE(width, 0)
    head.writeUInt16BE(height, 2)
    head.set(encodeFormat(ownFormat), 4)
    head.writeUInt32BE(name.length, 20)
    return Buffer.concat([head, name])
  }

  #serve(message: Buffer): void {
    switch (message[0]) {
      case 0: {
        const format = decodeFormat(message.subarray(4))
        if (format === null) return this.dispose()
        this.#format = format
        return
      }
      case 3:
        this.#isAsked = true
        this.#look()
        if (message[1] === 0) this.#changes = [{ x: 0, y: 0, width: this.#screen.raster.width, height: this.#screen.raster.height }]
        return this.#answer()
      case 4:
        if (message[1] !== 0) this.#screen.key(message.readUInt32BE(4))
        this.#look()
        return this.#answer()
    }
  }

  #tick(): void {
    this.#timer = this.#clock.after(tickMs, () => {
      this.#look()
      this.#answer()
      this.#tick()
    })
  }

  /** A guest that stands still has a screen that stands still. */
  #look(): void {
    const isDrawn = this.#changes.length > 0 || this.#domain.guest.isRunning
    if (isDrawn || !this.#hasDrawn) for (const change of this.#screen.paint(this.#clock.now)) if (!this.#changes.includes(change)) this.#changes.push(change)
    this.#hasDrawn = true
  }
  #hasDrawn = false

  #answer(): void {
    if (!this.#isAsked || this.#changes.length === 0 || this.#stream.writableNeedDrain) return
    const changes = this.#changes.splice(0)
    this.#isAsked = false
    const head = Buffer.alloc(4)
    head.writeUInt16BE(changes.length, 2)
    this.#stream.write(Buffer.concat([head, ...changes.map((change) => encodeRectangle(this.#screen.raster, change, this.#format))]))
  }
}
