import { hashOf } from './page-hash.ts'
import type { PageStore } from './page-store.ts'

/** Pages that came before anybody asked for them are kept up to so many: a reference and its page take different ways. */
const mostEarly = 2048

interface Awaited {
  readonly slot: number
  /** Told the page, or null when it does not come. */
  readonly takers: ((page: Buffer | null) => void)[]
  readonly timer: NodeJS.Timeout
}

/** Pages that other hosts of the rack bring for one page channel. A page is taken by its name, so that nobody can bring a wrong one; one that does not come in time is asked for at the source. */
export class Arrivals {
  readonly #store: PageStore
  readonly #patienceMs: number
  readonly #awaited = new Map<string, Awaited>()
  /** Which name a slot is reserved for, until its page has come. */
  readonly #reserved = new Map<number, string>()
  readonly #early = new Map<string, Buffer>()
  #bytes = 0

  constructor(store: PageStore, patienceMs: number) {
    this.#store = store
    this.#patienceMs = patienceMs
  }

  /** Bytes of pages that were brought and were what they were said to be. */
  get bytes(): number {
    return this.#bytes
  }

  /** A page is on its way for that slot. */
  expect(slot: number, hash: string, taker: (page: Buffer | null) => void): void {
    this.#store.clear(slot)
    this.#reserved.set(slot, hash)
    const early = this.#early.get(hash)
    if (early) {
      this.#early.delete(hash)
      this.#keep(slot, hash, early)
      return taker(early)
    }
    const timer = setTimeout(() => this.#settle(hash, null), this.#patienceMs)
    this.#awaited.set(hash, { slot, takers: [taker], timer })
  }

  /** Joins those who wait for that page; false where nobody does. */
  join(hash: string, taker: (page: Buffer | null) => void): boolean {
    const awaited = this.#awaited.get(hash)
    awaited?.takers.push(taker)
    return awaited !== undefined
  }

  /** The slot got other content from the source. */
  release(slot: number): void {
    if (this.#reserved.size > 0) this.#reserved.delete(slot)
  }

  /** A page that some host has brought. It must not be a part of anything that is kept from being freed by it: a copy. */
  brought(page: Buffer): void {
    const hash = hashOf(page)
    this.#bytes += page.length
    if (this.#awaited.has(hash)) return this.#settle(hash, page)
    this.#early.set(hash, page)
    for (const [oldest] of this.#early) {
      if (this.#early.size <= mostEarly) break
      this.#early.delete(oldest)
    }
  }

  /** The source has sent the page itself. */
  filled(slot: number, hash: string, page: Buffer): void {
    this.#keep(slot, hash, page)
  }

  dispose(): void {
    for (const { timer } of this.#awaited.values()) clearTimeout(timer)
    this.#awaited.clear()
    this.#early.clear()
  }

  #settle(hash: string, page: Buffer | null): void {
    const awaited = this.#awaited.get(hash)
    if (!awaited) return
    clearTimeout(awaited.timer)
    this.#awaited.delete(hash)
    if (page) this.#keep(awaited.slot, hash, page)
    for (const taker of awaited.takers) taker(page)
  }

  #keep(slot: number, hash: string, page: Buffer): void {
    if (this.#reserved.get(slot) !== hash) return
    this.#reserved.delete(slot)
    this.#store.put(slot, page)
  }
}
