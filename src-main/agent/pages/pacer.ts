/** Keeps to a rate over all that is spent: spending may go into the red by one piece, and is over the limit until time has paid for it. */
export class Pacer {
  readonly #changed: () => void
  readonly #now: () => number
  #rate: number | null = null
  #debt = 0
  #since = 0
  #timer: NodeJS.Timeout | null = null

  /** `changed`: what was spent is paid for. `now`: milliseconds. */
  constructor(changed: () => void, now: () => number = () => performance.now()) {
    this.#changed = changed
    this.#now = now
  }

  /** Bytes a second; null: no limit. */
  setRate(rate: number | null): void {
    this.#pay()
    this.#rate = rate
    if (rate === null) this.#debt = 0
    this.#wait()
    this.#changed()
  }

  get isSpent(): boolean {
    if (this.#rate === null) return false
    this.#pay()
    return this.#debt > 0
  }

  spend(bytes: number): void {
    if (this.#rate === null) return
    this.#pay()
    this.#debt += bytes
    this.#wait()
  }

  dispose(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    this.#rate = null
  }

  #pay(): void {
    const now = this.#now()
    // A little may be saved up, so that timers that come late do not cost throughput.
    if (this.#rate !== null) this.#debt = Math.max(-this.#rate / 50, this.#debt - ((now - this.#since) / 1000) * this.#rate)
    this.#since = now
  }

  #wait(): void {
    if (this.#timer || this.#rate === null || this.#debt <= 0) return
    this.#timer = setTimeout(() => {
      this.#timer = null
      if (this.isSpent) this.#wait()
      else this.#changed()
    }, Math.max(1, (this.#debt / this.#rate) * 1000))
  }
}
