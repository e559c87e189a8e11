import { moveSamples, type MoveSamples, type Phase } from '../../contract/job.ts'

/** One row of the samples of a move; see `moveSamples` of the contract for units. */
export type MoveSample = { [Column in keyof MoveSamples]: MoveSamples[Column][number] }

const columns = Object.keys(moveSamples.shape) as (keyof MoveSamples)[]

/** Columns of the rows, in order. */
export function toColumns(rows: readonly MoveSample[]): MoveSamples {
  return Object.fromEntries(columns.map((column) => [column, rows.map((row) => row[column])])) as unknown as MoveSamples
}

/**
 * The samples of one open move. Up to `limit` rows are kept; beyond it every second row of the older three quarters goes, so that a move of ten
 * hours keeps its whole curve and a fine end. The first row of each phase and the last row always stay.
 */
export class SampleLog {
  readonly #limit: number
  #rows: MoveSample[] = []

  constructor(limit = 4000) {
    this.#limit = Math.max(64, limit)
  }

  get last(): MoveSample | null {
    return this.#rows.at(-1) ?? null
  }

  get size(): number {
    return this.#rows.length
  }

  get rows(): readonly MoveSample[] {
    return this.#rows
  }

  /** Adds a row; a row that is not later than the last one is dropped. Answers whether it was added. */
  push(row: MoveSample): boolean {
    const last = this.last
    if (last && row.t <= last.t) return false
    this.#rows.push(row)
    if (this.#rows.length > this.#limit) this.#thin()
    return true
  }

  columns(): MoveSamples {
    return toColumns(this.#rows)
  }

  /** Puts back what the store had, before anything new is pushed. */
  restore(samples: MoveSamples): void {
    this.#rows = samples.t.map((_, i) => Object.fromEntries(columns.map((column) => [column, samples[column][i]])) as unknown as MoveSample)
    while (this.#rows.length > this.#limit) this.#thin()
  }

  #thin(): void {
    const fine = Math.floor(this.#rows.length * 0.75)
    let phase: Phase | null = null
    this.#rows = this.#rows.filter((row, i) => {
      const isFirstOfPhase = row.phase !== phase
      phase = row.phase
      return i >= fine || isFirstOfPhase || i % 2 === 0
    })
  }
}
