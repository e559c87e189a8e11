import { Emitter, type Event } from '../base/event.ts'
import type { Failure } from '../base/failure.ts'
import { storeFailure } from './failures.ts'

/** Runs every write of a store, makes a Failure of what it throws, and remembers whether writing works. */
export class Writer {
  readonly #changed = new Emitter<Failure | null>()
  #problem: Failure | null = null
  #owing = 0

  readonly onDidChangeProblem: Event<Failure | null> = this.#changed.event

  /** What the last writes came to: the failure, or null when they work and nothing waits to be written again. */
  get problem(): Failure | null {
    return this.#problem
  }

  /** Rejects with a Failure of the store. */
  async write<T>(work: () => Promise<T>): Promise<T> {
    try {
      const result = await work()
      if (this.#owing === 0) this.#set(null)
      return result
    } catch (thrown) {
      const failure = storeFailure(thrown)
      // What the caller did wrong, such as an address that is there already, is no trouble of the store.
      if (!/constraint/i.test(failure.evidence ?? '')) this.#set(failure)
      throw failure
    }
  }

  /** Whoever keeps what it could not write says so, and again when it could: until then the problem stands. */
  owe(): void {
    this.#owing++
  }

  settle(): void {
    this.#owing--
    if (this.#owing === 0) this.#set(null)
  }

  dispose(): void {
    this.#changed.dispose()
  }

  #set(problem: Failure | null): void {
    if (problem?.code === this.#problem?.code) return
    this.#problem = problem
    this.#changed.fire(problem)
  }
}
