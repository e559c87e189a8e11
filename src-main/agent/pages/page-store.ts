import { hashOf, pageBytes } from './page-hash.ts'

/** Slots are allocated so many at a time, when first used: a store that is allowed 1 GiB and needs 20 MiB takes 20 MiB. */
const slotsPerSlab = 256

/** The receiving end's pages, in the slots that the sending end chose. What is taken is checked against the name that it is asked for by. */
export class PageStore {
  readonly capacity: number
  readonly #slabs: (Buffer | undefined)[] = []
  readonly #filled: Uint8Array
  /** What the slots that have been asked for were found to hold: a page that all clones share is hashed once. */
  readonly #names: (string | undefined)[] = []

  /** `capacity`: slots of {@link pageBytes}; the store never takes more memory than that. */
  constructor(capacity: number) {
    this.capacity = capacity
    this.#filled = new Uint8Array(capacity)
  }

  /** Bytes of memory taken so far. */
  get bytes(): number {
    return this.#slabs.reduce((sum, slab) => sum + (slab?.length ?? 0), 0)
  }

  /** Keeps the page at `from` in `bytes`. False where there is no such slot. */
  put(slot: number, bytes: Buffer, from = 0): boolean {
    if (slot >= this.capacity || bytes.length < from + pageBytes) return false
    const index = Math.floor(slot / slotsPerSlab)
    const slab = (this.#slabs[index] ??= Buffer.allocUnsafeSlow(Math.min(slotsPerSlab, this.capacity - index * slotsPerSlab) * pageBytes))
    bytes.copy(slab, (slot % slotsPerSlab) * pageBytes, from, from + pageBytes)
    this.#filled[slot] = 1
    if (this.#names[slot] !== undefined) this.#names[slot] = undefined
    return true
  }

  /** Forgets what the slot holds. */
  clear(slot: number): void {
    if (slot < this.capacity) this.#filled[slot] = 0
  }

  /** Copies the page of that name to `at` in `target`; false, and nothing done, where the slot holds anything else: then it has to be sent again. */
  copy(slot: number, hash: string, target: Buffer, at: number): boolean {
    if (slot >= this.capacity || this.#filled[slot] === 0) return false
    const from = (slot % slotsPerSlab) * pageBytes
    const page = (this.#slabs[Math.floor(slot / slotsPerSlab)] as Buffer).subarray(from, from + pageBytes)
    if ((this.#names[slot] ??= hashOf(page)) !== hash) return false
    page.copy(target, at)
    return true
  }
}
