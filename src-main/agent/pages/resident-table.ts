import { Failure } from '../../base/failure.ts'
import type { Fingerprint } from './fingerprint.ts'
import { SlotTable } from './slot-table.ts'

/** Of a page's likeness when it is announced: two words. */
export const fingerprintBytes = 8

/** The source's picture of the pages that a destination has of VMs that run there anyway, as it announces them. Memory: none before the first of them, then some 45 bytes for each that there can be. */
export class ResidentTable {
  readonly #capacity: number
  #table: SlotTable | null = null

  /** `capacity`: what the destination's greeting said. */
  constructor(capacity: number) {
    this.#capacity = capacity
  }

  /** Takes an announcement. Throws `pages-malformed` where it says more than was said to come. */
  take(likenesses: Buffer): void {
    const count = likenesses.length / fingerprintBytes
    this.#table ??= this.#capacity > 0 ? new SlotTable(this.#capacity) : null
    if (!Number.isInteger(count) || (this.#table?.used ?? 0) + count > this.#capacity) {
      throw new Failure('pages-malformed', 'The other agent tells of more pages than it said it would keep.', { evidence: `${likenesses.length} bytes beside ${this.#table?.used ?? 0} of ${this.#capacity} pages` })
    }
    for (let at = 0; at < likenesses.length; at += fingerprintBytes) this.#table?.add({ high: likenesses.readInt32BE(at), low: likenesses.readInt32BE(at + 4) }, true)
  }

  /** Where the destination has such content, or -1. */
  find(fingerprint: Readonly<Fingerprint>): number {
    return this.#table ? this.#table.find(fingerprint) : -1
  }

  /** Notes that a VM has the content of a slot that was found, and answers whether it had it before. */
  mark(slot: number, vm: number): boolean {
    return this.#table !== null && this.#table.mark(slot, vm)
  }
}
