import type { Fingerprint } from './fingerprint.ts'

const none = -1

/**
 * The sending end's picture of a store at the receiving end: which slot there holds which content, by its fingerprint. The sender alone decides what goes into which slot, and tells the
 * receiver in the order of the channel, so that the two can never differ about what was evicted. The least recently used slot is the next one to be taken. Memory: some 45 bytes a slot, no object.
 */
export class SlotTable {
  readonly capacity: number
  readonly #mask: number
  /** The first slot of each chain, and the next one in it. */
  readonly #chains: Int32Array
  readonly #next: Int32Array
  readonly #high: Int32Array
  readonly #low: Int32Array
  readonly #older: Int32Array
  readonly #newer: Int32Array
  /** Which VMs have had the content, a bit each; of more than 64 VMs some share one, which only blurs a statistic. */
  readonly #vms: Uint32Array
  /** Whether the content itself went to that store over the sender's own channel, so that whatever is said after it may count on it. */
  readonly #settled: Uint8Array
  #oldest = none
  #newest = none
  #used = 0

  /** `capacity`: slots, at least 1. */
  constructor(capacity: number) {
    this.capacity = capacity
    this.#mask = 2 ** Math.ceil(Math.log2(capacity * 1.5)) - 1
    this.#chains = new Int32Array(this.#mask + 1).fill(none)
    this.#next = new Int32Array(capacity)
    this.#high = new Int32Array(capacity)
    this.#low = new Int32Array(capacity)
    this.#older = new Int32Array(capacity).fill(none)
    this.#newer = new Int32Array(capacity).fill(none)
    this.#vms = new Uint32Array(capacity * 2)
    this.#settled = new Uint8Array(capacity)
  }

  /** Slots that hold something. */
  get used(): number {
    return this.#used
  }

  /** The slot that holds such content, or -1; it becomes the most recently used. */
  find({ high, low }: Readonly<Fingerprint>): number {
    let slot = this.#chains[low & this.#mask] as number
    while (slot !== none && (this.#low[slot] !== low || this.#high[slot] !== high)) slot = this.#next[slot] as number
    if (slot !== none && slot !== this.#newest) {
      this.#unlink(slot)
      this.#link(slot)
    }
    return slot
  }

  /** Like {@link find}, only of content that went there itself, not by way of another host. */
  findSettled(fingerprint: Readonly<Fingerprint>): number {
    const slot = this.find(fingerprint)
    return slot === none || this.#settled[slot] === 0 ? none : slot
  }

  /** Gives content that is not in the table a slot, an unused one or the least recently used. `isSettled`: it goes there itself. */
  add({ high, low }: Readonly<Fingerprint>, isSettled: boolean): number {
    let slot = this.#used
    if (slot < this.capacity) this.#used += 1
    else {
      slot = this.#oldest
      this.#unlink(slot)
      this.#unchain(slot)
    }
    const chain = low & this.#mask
    this.#high[slot] = high
    this.#low[slot] = low
    this.#next[slot] = this.#chains[chain] as number
    this.#chains[chain] = slot
    this.#vms[slot * 2] = 0
    this.#vms[slot * 2 + 1] = 0
    this.#settled[slot] = isSettled ? 1 : 0
    this.#link(slot)
    return slot
  }

  /** Notes that a VM has the content, and answers whether it had it before. */
  mark(slot: number, vm: number): boolean {
    const at = slot * 2 + ((vm >> 5) & 1)
    const bit = 1 << (vm & 31)
    const had = ((this.#vms[at] as number) & bit) !== 0
    this.#vms[at] = (this.#vms[at] as number) | bit
    return had
  }

  #unchain(slot: number): void {
    const chain = (this.#low[slot] as number) & this.#mask
    const next = this.#next[slot] as number
    let before = this.#chains[chain] as number
    if (before === slot) this.#chains[chain] = next
    else {
      while (this.#next[before] !== slot) before = this.#next[before] as number
      this.#next[before] = next
    }
  }

  #link(slot: number): void {
    this.#older[slot] = this.#newest
    this.#newer[slot] = none
    if (this.#newest === none) this.#oldest = slot
    else this.#newer[this.#newest] = slot
    this.#newest = slot
  }

  #unlink(slot: number): void {
    const [older, newer] = [this.#older[slot] as number, this.#newer[slot] as number]
    if (older === none) this.#oldest = newer
    else this.#newer[older] = newer
    if (newer === none) this.#newest = older
    else this.#older[newer] = older
  }
}
