import type { SampleColumns } from '../../../src-main/contract/vm.ts'

/** The last sample of one VM or host, in the units of {@link SampleColumns}. */
export interface Sample {
  readonly cpu: number
  readonly memory: number
  readonly read: number
  readonly write: number
  readonly rx: number
  readonly tx: number
}

const fields = ['cpu', 'memory', 'read', 'write', 'rx', 'tx'] as const

/**
 * The last sample of every row, by its number, outside of Vue's reactivity: a frame of 2,000 rows writes numbers into arrays and calls only the
 * listeners of rows that are on screen.
 */
export class SampleTable {
  private columns = fields.map(() => new Float64Array(256))
  private isKnown = new Uint8Array(256)
  private readonly listeners = new Map<number, Set<() => void>>()

  /** Takes the rows of a frame. A snapshot forgets all others first. */
  apply(frame: SampleColumns, isSnapshot: boolean): void {
    if (isSnapshot) this.isKnown.fill(0)
    for (let i = 0; i < frame.n.length; i++) {
      const n = frame.n[i] as number
      if (n >= this.isKnown.length) this.grow(n)
      for (let f = 0; f < fields.length; f++) (this.columns[f] as Float64Array)[n] = frame[fields[f] as (typeof fields)[number]][i] ?? 0
      this.isKnown[n] = 1
    }
    if (this.listeners.size === 0) return
    for (const n of isSnapshot ? this.listeners.keys() : frame.n) this.listeners.get(n)?.forEach((listener) => listener())
  }

  /** Null until the first sample came. */
  at(n: number): Sample | null {
    if (!this.isKnown[n]) return null
    const [cpu, memory, read, write, rx, tx] = this.columns.map((column) => column[n] as number) as [number, number, number, number, number, number]
    return { cpu, memory, read, write, rx, tx }
  }

  /** Hundredths of a percent; 0 while unknown. Makes no object, for tiles. */
  cpuAt(n: number): number {
    return this.isKnown[n] ? ((this.columns[0] as Float64Array)[n] as number) : 0
  }

  forget(n: number): void {
    if (n < this.isKnown.length) this.isKnown[n] = 0
  }

  /** Calls `listener` after each new sample of row `n`. Returns what ends it. */
  listen(n: number, listener: () => void): () => void {
    const set = this.listeners.get(n) ?? new Set()
    this.listeners.set(n, set)
    set.add(listener)
    return () => {
      set.delete(listener)
      if (set.size === 0) this.listeners.delete(n)
    }
  }

  private grow(n: number): void {
    const size = Math.max(n + 1, this.isKnown.length * 2)
    const wider = <T extends Float64Array | Uint8Array>(into: T, from: T): T => (into.set(from), into)
    this.columns = this.columns.map((column) => wider(new Float64Array(size), column))
    this.isKnown = wider(new Uint8Array(size), this.isKnown)
  }
}
