import { fingerprintOf } from './fingerprint.ts'
import { pageBytes } from './page-hash.ts'
import { PageStore } from './page-store.ts'
import { fingerprintBytes } from './resident-table.ts'
import { SlotTable } from './slot-table.ts'

/**
 * The destination's copies of pages of VMs that run there or near there anyway. They are copies because a guest writes to its memory when it likes. Slots are given once, in order, and never change their content,
 * so that the source can count them like the destination does. Memory: {@link capacity} pages and 45 bytes for each.
 */
export class ResidentPages {
  readonly capacity: number
  readonly #store: PageStore
  readonly #table: SlotTable

  /** `capacity`: pages, at least 1. */
  constructor(capacity: number) {
    this.capacity = capacity
    this.#store = new PageStore(capacity)
    this.#table = new SlotTable(capacity)
  }

  get isFull(): boolean {
    return this.#table.used === this.capacity
  }

  get count(): number {
    return this.#table.used
  }

  /** Keeps what is new in a piece of a guest's memory, pages filled with one byte aside, and answers the likenesses to announce, in the order of their slots. */
  add(memory: Buffer): Buffer {
    const likenesses = Buffer.allocUnsafe(Math.floor(memory.length / pageBytes) * fingerprintBytes)
    let end = 0
    for (let at = 0; at + pageBytes <= memory.length && !this.isFull; at += pageBytes) {
      const page = memory.subarray(at, at + pageBytes)
      if (isUniform(page)) continue
      const fingerprint = fingerprintOf(page)
      if (this.#table.find(fingerprint) >= 0) continue
      const { high, low } = fingerprint
      this.#store.put(this.#table.add(fingerprint, true), page)
      end = likenesses.writeInt32BE(low, likenesses.writeInt32BE(high, end))
    }
    return likenesses.subarray(0, end)
  }

  /** As {@link PageStore.copy}. */
  copy(slot: number, hash: string, target: Buffer, at: number): boolean {
    return this.#store.copy(slot, hash, target, at)
  }
}

function isUniform(page: Buffer): boolean {
  return page[0] === page[1] && page.compare(page, 1, page.length, 0, page.length - 1) === 0
}
