import type { Disposable } from '../../base/disposable.ts'

interface Entry extends Disposable {
  readonly at: number
  /** Among entries of one moment the earlier made comes first: the order is the same in every run. */
  readonly serial: number
  run: (() => void) | null
}

/** Virtual time: what happens at which millisecond, in order. Nobody but {@link advance} moves it. */
export class Timeline {
  #now = 0
  #serial = 0
  readonly #heap: Entry[] = []

  /** Milliseconds since the world began. */
  get now(): number {
    return this.#now
  }

  /** The next moment at which something happens, or null. */
  get next(): number | null {
    this.#prune()
    return this.#heap[0]?.at ?? null
  }

  /** Runs `run` once, `milliseconds` (0 or more, fractions count) from now. */
  after(milliseconds: number, run: () => void): Disposable {
    const entry: Entry = {
      at: this.#now + Math.max(0, milliseconds),
      serial: this.#serial++,
      run,
      dispose: () => void (entry.run = null),
    }
    this.#push(entry)
    return entry
  }

  /** Moves to `moment` and runs on the way what is due, in order; what that adds before `moment` runs as well. Time never goes back. */
  advance(moment: number): void {
    for (;;) {
      this.#prune()
      const first = this.#heap[0]
      if (!first || first.at > moment) break
      this.#pop()
      this.#now = Math.max(this.#now, first.at)
      first.run?.()
    }
    this.#now = Math.max(this.#now, moment)
  }

  #prune(): void {
    while (this.#heap[0] && this.#heap[0].run === null) this.#pop()
  }

  #isBefore(a: number, b: number): boolean {
    const [left, right] = [this.#heap[a]!, this.#heap[b]!]
    return left.at < right.at || (left.at === right.at && left.serial < right.serial)
  }

  #swap(a: number, b: number): void {
    const held = this.#heap[a]!
    this.#heap[a] = this.#heap[b]!
    this.#heap[b] = held
  }

  #push(entry: Entry): void {
    let at = this.#heap.push(entry) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!this.#isBefore(at, parent)) return
      this.#swap(at, parent)
      at = parent
    }
  }

  #pop(): void {
    const last = this.#heap.pop()!
    if (this.#heap.length === 0) return
    this.#heap[0] = last
    for (let at = 0; ; ) {
      const left = 2 * at + 1
      if (left >= this.#heap.length) return
      const child = left + 1 < this.#heap.length && this.#isBefore(left + 1, left) ? left + 1 : left
      if (!this.#isBefore(child, at)) return
      this.#swap(child, at)
      at = child
    }
  }
}
