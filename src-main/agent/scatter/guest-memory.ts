import { z } from 'zod'
import type { RamBlock } from '../stream/stream-record.ts'

const mapMessage = z.object({
  section: z.number().int().min(0).max(0xffff_ffff),
  pageSize: z.number().int().min(1024).max(65_536),
  blocks: z.array(z.object({ name: z.string().min(1).max(255), length: z.number().int().positive() })).min(1).max(4096),
})

/** The memory blocks of a guest in a row, so that a page is one number at every agent. A run of pages never spans two blocks. */
export class GuestMemory {
  /** Number of section `ram` in the stream. */
  readonly section: number
  readonly pageSize: number
  readonly pages: number
  readonly #blocks: readonly RamBlock[]
  readonly #bases: readonly number[]
  readonly #byName: ReadonlyMap<string, number>

  constructor(section: number, pageSize: number, blocks: readonly Pick<RamBlock, 'name' | 'length'>[]) {
    this.section = section
    this.pageSize = pageSize
    this.#blocks = blocks.map(({ name, length }, index) => ({ name, length, index, hostPageSize: null }))
    this.#byName = new Map(blocks.map(({ name }, index) => [name, index]))
    let pages = 0
    this.#bases = blocks.map(({ length }) => {
      const base = pages
      pages += Math.ceil(length / pageSize)
      return base
    })
    this.pages = pages
  }

  /** Reads {@link toMessage}. Throws when it makes no sense. */
  static fromMessage(message: Buffer): GuestMemory {
    const { section, pageSize, blocks } = mapMessage.parse(JSON.parse(message.toString()))
    return new GuestMemory(section, pageSize, blocks)
  }

  toMessage(): Buffer {
    return Buffer.from(JSON.stringify({ section: this.section, pageSize: this.pageSize, blocks: this.#blocks.map(({ name, length }) => ({ name, length })) }))
  }

  numberOf(block: RamBlock, offset: number): number {
    return (this.#bases[block.index] as number) + offset / this.pageSize
  }

  /** The pages that `length` bytes of a block lie in; null where there is no such place. */
  rangeOf(name: string, start: number, length: number): { first: number; count: number } | null {
    const index = this.#byName.get(name)
    if (index === undefined) return null
    const from = Math.floor(start / this.pageSize)
    const to = Math.ceil((start + length) / this.pageSize)
    const size = Math.ceil((this.#blocks[index] as RamBlock).length / this.pageSize)
    if (length === 0 || to > size) return null
    return { first: (this.#bases[index] as number) + from, count: to - from }
  }

  placeOf(page: number): { block: RamBlock; offset: number } {
    let index = this.#bases.length - 1
    while ((this.#bases[index] as number) > page) index--
    return { block: this.#blocks[index] as RamBlock, offset: (page - (this.#bases[index] as number)) * this.pageSize }
  }

  /** Whether pages may follow each other in a run: they are neighbours in one block. */
  continues(page: number): boolean {
    return !this.#bases.includes(page)
  }

  /** Throws a `RangeError` for a run that is not of this memory. */
  check(first: number, count: number): void {
    if (count < 1 || first + count > this.pages) throw new RangeError(`pages ${first} to ${first + count} of ${this.pages}`)
  }
}
