import type { Duplex } from 'node:stream'
import { DepotPuts, type Put } from './depot-puts.ts'

export interface PlacementOptions {
  readonly depots: readonly { readonly name: string; readonly link: Duplex }[]
  /** Of each page, on different depots. */
  readonly replicas: number
  /** A run is stored, by the depots of its bits; 0 where none takes it. */
  readonly settled: (put: Put) => void
  /** There may be room again. */
  readonly freed: () => void
  /** What was held is placed anew after this. */
  readonly lost: (depot: DepotPuts, why: string) => void
}

/** Runs of pages on their way to depots, held until as many have acknowledged them as there are to be replicas, or can be. */
export class Placement {
  readonly #options: PlacementOptions
  readonly #depots: DepotPuts[] = []
  /** By their first page. */
  readonly #held = new Map<number, Put>()
  #heldBytes = 0
  #bytesSent = 0

  constructor(options: PlacementOptions) {
    this.#options = options
    options.depots.forEach(({ name, link }, index) => {
      this.#depots.push(
        new DepotPuts(name, 1 << index, link, {
          answered: (first, bit, isStored) => this.#answered(first, bit, isStored),
          lost: (depot, why) => this.#lost(depot, why),
        }),
      )
    })
  }

  get depots(): readonly DepotPuts[] {
    return this.#depots
  }

  get heldBytes(): number {
    return this.#heldBytes
  }

  /** To depots by the source itself. */
  get bytesSent(): number {
    return this.#bytesSent
  }

  get isEmpty(): boolean {
    return this.#held.size === 0
  }

  /** The least busy of those that take more, as many as there are to be replicas. */
  choose(): readonly DepotPuts[] {
    return this.#depots
      .filter((depot) => depot.takesMore)
      .sort((a, b) => a.load - b.load || a.pages - b.pages)
      .slice(0, this.#options.replicas)
  }

  /** `bytes`: the whole frame. `chosen`: at least one. */
  put(first: number, count: number, bytes: Buffer, chosen: readonly DepotPuts[]): void {
    const put: Put = { first, count, bytes, stored: 0, waiting: 0, via: 0 }
    this.#held.set(first, put)
    this.#heldBytes += bytes.length
    this.#send(put, chosen)
  }

  /** The run that a page is held in. */
  find(page: number): Put | undefined {
    for (const put of this.#held.values()) if (page >= put.first && page < put.first + put.count) return put
    return undefined
  }

  /** To all depots. */
  tell(bytes: Buffer): void {
    for (const depot of this.#depots) depot.send(bytes)
  }

  end(): void {
    for (const depot of this.#depots) depot.end()
  }

  destroy(reason: string): void {
    for (const depot of this.#depots) depot.destroy(reason)
  }

  /** To the first of the depots, which passes it on to the others. */
  #send(put: Put, depots: readonly DepotPuts[]): void {
    const [via, ...others] = depots
    if (!via) return
    for (const depot of depots) depot.expect(put)
    put.via = via.bit
    this.#bytesSent += put.bytes.length
    put.bytes[1] = others.reduce((mask, { bit }) => mask | bit, 0)
    via.send(put.bytes)
  }

  #answered(first: number, bit: number, isStored: boolean): void {
    const put = this.#held.get(first)
    const depot = this.#depots.find((one) => one.bit === bit)
    if (!put || !depot || (put.waiting & bit) === 0) return
    if (!isStored) depot.fill()
    depot.answered(put, isStored)
    if (put.waiting === 0) this.#settle(put)
    this.#options.freed()
  }

  /** All that were to store it have answered; what is missing is made up for where it can be. */
  #settle(put: Put): void {
    if (bitsOf(put.stored) < this.#options.replicas) {
      const another = this.#depots.find((depot) => depot.takesMore && (put.stored & depot.bit) === 0)
      if (another) {
        // The former frame may still be on its way out, with another mark.
        const again = { ...put, bytes: Buffer.from(put.bytes) }
        this.#held.set(put.first, again)
        return this.#send(again, [another])
      }
    }
    this.#held.delete(put.first)
    this.#heldBytes -= put.bytes.length
    this.#options.settled(put)
  }

  #lost(depot: DepotPuts, why: string): void {
    this.#options.lost(depot, why)
    for (const put of [...this.#held.values()]) {
      if (put.waiting === 0) continue
      // What went through it may or may not have been passed on: whoever has it already says so again.
      for (const one of this.#depots) if ((put.waiting & one.bit) !== 0 && (one === depot || put.via === depot.bit)) one.answered(put, false)
      if (put.waiting === 0) this.#settle(put)
    }
    this.#options.freed()
  }
}

function bitsOf(mask: number): number {
  let bits = 0
  for (let rest = mask; rest !== 0; rest &= rest - 1) bits++
  return bits
}
