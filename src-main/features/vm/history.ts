import type { History } from '../../contract/vm.ts'
import type { SampleRow } from './frame.ts'

/** The last `capacity` samples of one VM or host, in a ring of doubles: 600 of them are 33 KiB. */
export class SampleHistory {
  readonly #ring: Float64Array
  readonly #capacity: number
  #next = 0
  #length = 0

  constructor(capacity = 600) {
    this.#capacity = capacity
    this.#ring = new Float64Array(capacity * 7)
  }

  push(t: number, row: SampleRow): void {
    this.#ring.set([t, row.cpu, row.memory, row.read, row.write, row.rx, row.tx], this.#next * 7)
    this.#next = (this.#next + 1) % this.#capacity
    this.#length = Math.min(this.#length + 1, this.#capacity)
  }

  /** Mean CPU load of the last `count` samples, in hundredths of a percent of one core; null where there is none. */
  meanCpu(count: number): number | null {
    const taken = Math.min(count, this.#length)
    let sum = 0
    for (let i = 1; i <= taken; i++) sum += this.#ring[((this.#next - i + this.#capacity) % this.#capacity) * 7 + 1]!
    return taken === 0 ? null : sum / taken
  }

  toHistory(): History {
    const history: History = { t: [], cpu: [], memory: [], read: [], write: [], rx: [], tx: [] }
    const columns = [history.t, history.cpu, history.memory, history.read, history.write, history.rx, history.tx]
    const first = (this.#next - this.#length + this.#capacity) % this.#capacity
    for (let i = 0; i < this.#length; i++) {
      const at = ((first + i) % this.#capacity) * 7
      columns.forEach((column, k) => column.push(this.#ring[at + k]!))
    }
    return history
  }
}
