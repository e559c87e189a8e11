import { ramFlags, records } from './format.ts'
import type { RamBlock } from './stream-record.ts'

/** A write of this size costs the kernel as little per byte as any larger one. */
const slabSize = 256 * 1024

/**
 * Writes a QEMU migration stream: records as they were read, pages anew. Gathers small pieces into large writes; `flush` sends what is gathered.
 * A page's block is named where it differs from the one before, and always at the start of a section, as QEMU's reader asks.
 */
export class StreamWriter {
  readonly #write: (bytes: Buffer) => void
  #slab = Buffer.allocUnsafeSlow(slabSize)
  #from = 0
  #at = 0
  #block: RamBlock | null = null
  #bytes = 0
  readonly #names = new Map<RamBlock, Buffer>()

  /** `write` gets buffers that are its own from then on. */
  constructor(write: (bytes: Buffer) => void) {
    this.#write = write
  }

  /** All bytes written so far, those not flushed yet included. */
  get bytesWritten(): number {
    return this.#bytes
  }

  /** A record, or anything else, as it is. */
  raw(bytes: Buffer): void {
    if (bytes.length > slabSize / 4) {
      this.flush()
      this.#bytes += bytes.length
      this.#write(bytes)
      return
    }
    this.#room(bytes.length)
    bytes.copy(this.#slab, this.#at)
    this.#advance(bytes.length)
  }

  /** Leads in a section of memory: pages may follow, then {@link closeSection}. */
  openSection(section: number, isEnd = false): void {
    this.#room(5)
    this.#slab[this.#at] = isEnd ? records.end : records.part
    this.#slab.writeUInt32BE(section, this.#at + 1)
    this.#advance(5)
    this.#block = null
  }

  closeSection(section: number): void {
    this.#room(13)
    this.#slab.writeUInt32BE(0, this.#at)
    this.#slab.writeUInt32BE(ramFlags.eos, this.#at + 4)
    this.#slab[this.#at + 8] = records.footer
    this.#slab.writeUInt32BE(section, this.#at + 9)
    this.#advance(13)
  }

  /** To be called when a section's lead was written as it was: the next page names its block. */
  forgetBlock(): void {
    this.#block = null
  }

  page(block: RamBlock, offset: number, data: Buffer): void {
    this.#word(block, offset, ramFlags.page, data.length)
    data.copy(this.#slab, this.#at)
    this.#advance(data.length)
  }

  zero(block: RamBlock, offset: number, fill = 0): void {
    this.#word(block, offset, ramFlags.zero, 1)
    this.#slab[this.#at] = fill
    this.#advance(1)
  }

  eof(): void {
    this.#room(1)
    this.#slab[this.#at] = records.eof
    this.#advance(1)
  }

  flush(): void {
    if (this.#at === this.#from) return
    const bytes = this.#slab.subarray(this.#from, this.#at)
    this.#from = this.#at
    this.#write(bytes)
  }

  #word(block: RamBlock, offset: number, flag: number, body: number): void {
    const isSame = block === this.#block
    this.#room(8 + 256 + body)
    const high = Math.floor(offset / 0x1_0000_0000)
    this.#slab.writeUInt32BE(high, this.#at)
    this.#slab.writeUInt32BE((offset - high * 0x1_0000_0000 + flag + (isSame ? ramFlags.continue : 0)) >>> 0, this.#at + 4)
    this.#advance(8)
    if (isSame) return
    this.#block = block
    let name = this.#names.get(block)
    if (!name) this.#names.set(block, (name = Buffer.concat([Buffer.from([block.name.length]), Buffer.from(block.name, 'latin1')])))
    name.copy(this.#slab, this.#at)
    this.#advance(name.length)
  }

  #advance(length: number): void {
    this.#at += length
    this.#bytes += length
  }

  #room(length: number): void {
    if (this.#at + length <= slabSize) return
    this.flush()
    if (length > slabSize) throw new RangeError(`a record of ${length} bytes`)
    this.#slab = Buffer.allocUnsafeSlow(slabSize)
    this.#from = this.#at = 0
  }
}
