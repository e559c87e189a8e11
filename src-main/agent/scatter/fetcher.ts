import type { Duplex } from 'node:stream'
import { Failure } from '../../base/failure.ts'
import { DepotGets, type Run } from './depot-gets.ts'
import type { Frame } from './frame.ts'
import type { GuestMemory } from './guest-memory.ts'
import type { PageBits } from './page-bits.ts'
import { redial as dialAgain } from './redial.ts'
import { sealLength, type Sealer } from './seal.ts'

/** Pages that are asked for ahead while the guest waits for some: bulk hardly gets in the way. */
const trickle = 4
/** For a depot that is out of reach, while it keeps what it has; one whose host answers that nobody listens is given up at once. */
const redialForMs = 60 * 60_000

export interface FetcherOptions {
  /** `redial`: for another link to the same depot, where the first broke; rejects with `scatter-depot` where it keeps nothing any more. Default: a link that went does not come back. */
  readonly depots: readonly { readonly name: string; readonly link: Duplex; readonly redial?: () => Promise<Duplex> }[]
  readonly sealer: Sealer
  readonly log: (level: 'info' | 'warning', text: string) => void
}

/** What the destination that fetches has to say and to be told. */
export interface FetcherEnd {
  /** Pages that the guest waits for, and who was asked; shared. */
  readonly waiting: Map<number, 'direct' | 'depot'>
  readonly isOver: () => boolean
  /** Whether QEMU takes more now. */
  readonly hasRoom: () => boolean
  /** Whether the guest has waited for nothing for a while. */
  readonly isCalm: () => boolean
  /** Sound pages of a run, in a row. */
  readonly got: (run: Run, data: Buffer) => void
  /** Depots are not what they were. */
  readonly changed: () => void
  readonly fail: (failure: Failure) => void
}

/** What the destination gets from depots: who has which page, what is asked of whom, and what is done when one of them goes or is found out. */
export class Fetcher {
  readonly #options: FetcherOptions
  readonly #end: FetcherEnd
  readonly #depots: DepotGets[] = []
  #memory: GuestMemory | null = null
  #delivered: Pick<PageBits, 'has'> = { has: () => false }
  /** Depots that have each page. */
  #places = new Uint8Array(0)
  /** Bytes that came, and bits of depots. */
  readonly counts = { rack: 0, distrusted: 0, away: 0, lost: 0 }

  constructor(options: FetcherOptions, end: FetcherEnd) {
    this.#options = options
    this.#end = end
    options.depots.forEach(({ name, link, redial }, index) => {
      this.#depots.push(
        new DepotGets(name, 1 << index, link, {
          got: (got, depot) => this.#fromDepot(got, depot),
          missing: (run, depot) => this.#missing(run, depot),
          away: (depot, why) => void this.#depotAway(depot, why, redial),
        }),
      )
    })
  }

  begin(memory: GuestMemory, delivered: Pick<PageBits, 'has'>): void {
    this.#memory = memory
    this.#delivered = delivered
    this.#places = new Uint8Array(memory.pages)
  }

  bye(): void {
    for (const depot of this.#depots) depot.bye()
  }

  /** Whether a depot is known to have it. */
  has(page: number): boolean {
    return this.#places[page] !== 0
  }

  /** A run is with the depots of the bits in `mask`. */
  placed(run: Run, mask: number): void {
    this.#memory?.check(run.first, run.count)
    for (let page = run.first; page < run.first + run.count; page++) {
      this.#places[page] = (this.#places[page] as number) | mask
      if (this.#end.waiting.get(page) === 'direct' && !this.#delivered.has(page)) this.getNow(page)
    }
    this.#enqueue(run)
    this.ask()
  }

  /** Keeps each depot busy, as far as QEMU takes what comes. */
  ask(): void {
    if (!this.#end.hasRoom() || this.#end.isOver()) return
    const isCalm = this.#end.isCalm()
    for (const depot of this.#depots) {
      while (depot.isUsable && depot.hasRoom && (isCalm || this.#askedPages < trickle)) {
        const run = depot.next(isCalm ? Infinity : trickle)
        if (!run) break
        this.#askMissing(depot, run)
      }
    }
  }

  /** Of a page that the guest waits for: from the least busy depot that has it. */
  getNow(page: number): void {
    const mask = this.#places[page] as number
    let chosen: DepotGets | null = null
    for (const depot of this.#depots) {
      if ((mask & depot.bit) === 0 || !depot.isUsable) continue
      if (!chosen || (depot.isThere && (!chosen.isThere || depot.askedPages < chosen.askedPages))) chosen = depot
    }
    if (!chosen) return
    this.#end.waiting.set(page, 'depot')
    chosen.ask(page, 1)
  }

  /** To whichever of its depots has the least to do. */
  #enqueue(run: Run): void {
    const mask = this.#places[run.first] as number
    let chosen: DepotGets | null = null
    for (const depot of this.#depots) {
      if ((mask & depot.bit) === 0 || !depot.isUsable) continue
      if (!chosen || depot.queuedPages < chosen.queuedPages) chosen = depot
    }
    if (chosen) chosen.enqueue(run)
    else this.#lose(run.count)
  }

  get #askedPages(): number {
    return this.#depots.reduce((sum, depot) => sum + depot.askedPages, 0)
  }

  #askMissing(depot: DepotGets, { first, count }: Run): void {
    for (let page = first; page < first + count; ) {
      if (this.#delivered.has(page)) {
        page += 1
        continue
      }
      let end = page + 1
      while (end < first + count && !this.#delivered.has(end)) end++
      depot.ask(page, end - page)
      page = end
    }
  }

  #fromDepot({ first, count, payload }: Frame, depot: DepotGets): void {
    const memory = this.#memory
    if (!memory || this.#end.isOver()) return
    memory.check(first, count)
    this.counts.rack += payload.length
    const pagesAt = count * sealLength
    if (payload.length !== pagesAt + count * memory.pageSize) return this.#distrust(depot, `${payload.length} bytes for ${count} pages`)
    for (let i = 0; i < count; i++) {
      const page = first + i
      if (this.#delivered.has(page)) continue
      const at = pagesAt + i * memory.pageSize
      if (!this.#options.sealer.isSound(page, payload.subarray(at, at + memory.pageSize), payload.subarray(i * sealLength, (i + 1) * sealLength))) return this.#distrust(depot, `page ${page}`)
    }
    this.#end.got({ first, count }, payload.subarray(pagesAt))
  }

  #distrust(depot: DepotGets, what: string): void {
    this.#options.log('warning', `scatter: depot ${depot.name} returned wrong bytes (${what}); nothing of it is used any more`)
    depot.isDistrusted = true
    this.counts.distrusted |= depot.bit
    this.#end.changed()
    depot.bye()
    this.#lookElsewhere(depot)
  }

  #missing(run: Run, depot: DepotGets): void {
    this.#options.log('warning', `scatter: depot ${depot.name} does not have ${run.count} of its pages`)
    for (let page = run.first; page < run.first + run.count; page++) this.#places[page] = (this.#places[page] as number) & ~depot.bit
    this.#again(run.first, run.first + run.count)
  }

  /** A depot whose pages are elsewhere too is done without. For one with the only copy of some the destination tries to reach it again. */
  async #depotAway(depot: DepotGets, why: string, redial: (() => Promise<Duplex>) | undefined): Promise<void> {
    const { isOver } = this.#end
    if (isOver()) return
    this.#options.log('warning', `scatter: depot ${depot.name} is away: ${why}`)
    try {
      if (redial && this.#isNeeded(depot)) {
        this.counts.away |= depot.bit
        this.#end.changed()
        const link = await dialAgain({ dial: redial, forMs: redialForMs, isWanted: () => !isOver() && this.#isNeeded(depot) })
        if (isOver()) return void link.destroy()
        this.counts.away &= ~depot.bit
        this.#options.log('info', `scatter: depot ${depot.name} is back`)
        this.#end.changed()
        return depot.comeBack(link)
      }
    } catch {
      // It is lost.
    }
    if (isOver()) return
    this.counts.away &= ~depot.bit
    this.counts.lost |= depot.bit
    depot.giveUp()
    this.#options.log('warning', `scatter: depot ${depot.name} is lost`)
    this.#lookElsewhere(depot)
  }

  /** Whether it has pages that no depot has that is there. */
  #isNeeded(depot: DepotGets): boolean {
    const others = this.#depots.reduce((mask, one) => (one !== depot && one.isThere ? mask | one.bit : mask), 0)
    for (let page = 0; page < this.#places.length; page++) {
      const mask = this.#places[page] as number
      if ((mask & depot.bit) !== 0 && (mask & others) === 0 && !this.#delivered.has(page)) return true
    }
    return false
  }

  #lookElsewhere(depot: DepotGets): void {
    const pages = this.#memory?.pages ?? 0
    let lost = 0
    let from: number | null = null
    const again = (end: number) => {
      if (from !== null) this.#again(from, end)
      from = null
    }
    for (let page = 0; page < pages; page++) {
      const mask = this.#places[page] as number
      if ((mask & depot.bit) === 0 || this.#delivered.has(page) || (from !== null && !this.#memory?.continues(page))) again(page)
      if ((mask & depot.bit) === 0 || this.#delivered.has(page)) continue
      this.#places[page] = mask & ~depot.bit
      if ((mask & ~depot.bit) === 0) lost++
      from ??= page
    }
    if (lost > 0) return this.#lose(lost)
    again(pages)
    this.ask()
  }

  /** Pages that have to come from another depot than was asked; those that the guest waits for at once. */
  #again(first: number, end: number): void {
    for (let from = first; from < end; ) {
      let to = from + 1
      while (to < end && to - from < 32 && this.#places[to] === this.#places[from]) to++
      this.#enqueue({ first: from, count: to - from })
      for (let page = from; page < to; page++) if (this.#end.waiting.get(page) === 'depot') this.getNow(page)
      from = to
    }
  }

  #lose(count: number): void {
    this.#end.fail(
      new Failure('scatter-pages-lost', 'Memory of the VM is lost: its only copy was on a host that is gone or not to be trusted.', {
        evidence: `${count} pages`,
        next: 'Start the VM anew from its disks. With two replicas the loss of one host is survived.',
      }),
    )
  }
}
