import type { MigrationOptions } from './migration-terms.ts'
import { pageBytes } from './process.ts'

/** QEMU weighs dirtied against sent at most once in so many ms (migration_bitmap_sync). */
const periodMs = 1000
/** The ceiling of cpu-throttle, and the share of dirtied over sent that triggers it, percent (qapi/migration.json). */
const throttling = { ceiling: 99, trigger: 50 }

/** How fast the guest dirties memory, and what it is slowed down by where that is asked for (migration_trigger_throttle): twice too much, and it gets less of its CPUs. */
export class Throttle {
  readonly #o: Pick<MigrationOptions, 'autoConverge' | 'guest' | 'clock'>
  #percent = 0
  #dirtyPagesPerSecond = 0
  #periodAt = 0
  #dirtied = 0
  #sentBefore = 0
  #highCount = 0

  constructor(options: Pick<MigrationOptions, 'autoConverge' | 'guest' | 'clock'>) {
    this.#o = options
  }

  /** 0 to 99. */
  get percent(): number {
    return this.#percent
  }

  /** Of the last whole period. */
  get dirtyPagesPerSecond(): number {
    return this.#dirtyPagesPerSecond
  }

  begin(): void {
    this.#periodAt = this.#o.clock.now
  }

  /** Takes in pages that were dirtied since the last time, and the bytes that were sent in all. */
  weigh(dirtied: number, sent: number): void {
    const { autoConverge, clock } = this.#o
    this.#dirtied += dirtied
    const elapsed = clock.now - this.#periodAt
    if (elapsed < periodMs) return
    this.#dirtyPagesPerSecond = (this.#dirtied * 1000) / elapsed
    if (autoConverge && this.#dirtied * pageBytes > ((sent - this.#sentBefore) * throttling.trigger) / 100 && ++this.#highCount >= 2) {
      this.#highCount = 0
      this.#set(this.#percent === 0 ? autoConverge.initial : Math.min(throttling.ceiling, this.#percent + autoConverge.increment))
    }
    this.#periodAt = clock.now
    this.#dirtied = 0
    this.#sentBefore = sent
  }

  /** The guest has its CPUs back. */
  end(): void {
    this.#set(0)
  }

  #set(percent: number): void {
    const { guest, clock } = this.#o
    this.#percent = percent
    const wasRunning = guest.isRunning
    if (wasRunning) guest.halt(clock.lived)
    guest.share = 1 - percent / 100
    if (wasRunning) guest.run(clock.lived)
  }
}
