/** Above the shortest answer seen: below the first there is room for more, above the second there is too much under way. Milliseconds. */
const little = 3
const much = 8
/** The shortest answer is forgotten slowly: what was once a quick way may be a slower one now. */
const forgets = 1.01

/**
 * How much to have under way to somebody, so that the way is busy and hardly anything queues on it (after TCP Vegas): what somebody waits for queues behind it.
 */
export class Ahead {
  readonly #least: number
  readonly #most: number
  #size: number
  #shortest = Infinity

  constructor(least: number, most: number, first: number) {
    this.#least = least
    this.#most = most
    this.#size = first
  }

  get size(): number {
    return this.#size
  }

  /** An answer to `amount` came after so many milliseconds. */
  learn(ms: number, amount: number): void {
    this.#shortest = Math.min(this.#shortest * forgets, ms)
    const queued = ms - this.#shortest
    if (queued < little) this.#size = Math.min(this.#most, this.#size + amount / 4)
    else if (queued > much) this.#size = Math.max(this.#least, this.#size * 0.85)
  }
}
