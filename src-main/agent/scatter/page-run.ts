import { headerLength } from './frame.ts'
import { sealLength } from './seal.ts'

/** No longer, so that a page that the guest waits for does not wait behind more than this: 64 KiB. */
export const longestRun = 16

/** Pages in a row, gathered where a frame is to be made of them: room for header and seals is left. */
export class PageRun {
  readonly first: number
  readonly #pageSize: number
  readonly #bytes: Buffer
  #count = 0

  constructor(first: number, pageSize: number) {
    this.first = first
    this.#pageSize = pageSize
    this.#bytes = Buffer.allocUnsafeSlow(headerLength + longestRun * (sealLength + pageSize))
  }

  get count(): number {
    return this.#count
  }

  add(data: Buffer): void {
    data.copy(this.#bytes, this.#pagesAt + this.#count * this.#pageSize)
    this.#count += 1
  }

  /** Room for a header, then the pages. */
  unsealed(): Buffer {
    return this.#bytes.subarray(this.#pagesAt - headerLength, this.#pagesAt + this.#count * this.#pageSize)
  }

  /** Room for a header, then seals, then pages. To be called once; the run ends with it. */
  sealed(seal: (page: number, data: Buffer, into: Buffer, at: number) => void): Buffer {
    const start = this.#pagesAt - this.#count * sealLength
    for (let i = 0; i < this.#count; i++) {
      const at = this.#pagesAt + i * this.#pageSize
      seal(this.first + i, this.#bytes.subarray(at, at + this.#pageSize), this.#bytes, start + i * sealLength)
    }
    return this.#bytes.subarray(start - headerLength, this.#pagesAt + this.#count * this.#pageSize)
  }

  get #pagesAt(): number {
    return headerLength + longestRun * sealLength
  }
}
