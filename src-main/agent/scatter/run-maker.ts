import type { GuestMemory } from './guest-memory.ts'
import { longestRun, PageRun } from './page-run.ts'

/** Of pages filled with one byte: bounded, so that one small frame does not become a flood at the far end. */
const longestFill = 1024

export interface MadeRuns {
  run(run: PageRun): void
  fill(first: number, count: number, byte: number): void
}

/** Puts pages together that come one after another and are neighbours, so that a frame carries many of them. */
export class RunMaker {
  readonly #memory: GuestMemory
  readonly #made: MadeRuns
  #run: PageRun | null = null
  #fill: { first: number; count: number; byte: number } | null = null

  constructor(memory: GuestMemory, made: MadeRuns) {
    this.#memory = memory
    this.#made = made
  }

  /** Whether something waits for what may follow it. */
  get isOpen(): boolean {
    return this.#run !== null || this.#fill !== null
  }

  /** Whether a page waits in a run. */
  has(page: number): boolean {
    return this.#run !== null && page >= this.#run.first && page < this.#run.first + this.#run.count
  }

  add(page: number, data: Buffer): void {
    this.#flushFill()
    if (this.#run && (this.#run.first + this.#run.count !== page || this.#run.count === longestRun || !this.#memory.continues(page))) this.#flushRun()
    this.#run ??= new PageRun(page, this.#memory.pageSize)
    this.#run.add(data)
  }

  addFill(page: number, byte: number): void {
    this.#flushRun()
    const last = this.#fill
    if (last && last.byte === byte && last.first + last.count === page && last.count < longestFill && this.#memory.continues(page)) {
      last.count += 1
      return
    }
    this.#flushFill()
    this.#fill = { first: page, count: 1, byte }
  }

  flush(): void {
    this.#flushRun()
    this.#flushFill()
  }

  #flushRun(): void {
    const run = this.#run
    if (!run) return
    this.#run = null
    this.#made.run(run)
  }

  #flushFill(): void {
    const fill = this.#fill
    if (!fill) return
    this.#fill = null
    this.#made.fill(fill.first, fill.count, fill.byte)
  }
}
