import { Failure } from '../base/failure.ts'

/** A deadline that stands still while a person is being asked. Aborts its signal with `deadline` when the time is used up. */
export class PausableDeadline {
  readonly #controller = new AbortController()
  readonly #what: string
  readonly #totalMs: number
  #leftMs: number
  #startedAt = 0
  #pauses = 0
  #timer: NodeJS.Timeout | undefined

  constructor(milliseconds: number, what: string) {
    this.#what = what
    this.#totalMs = this.#leftMs = milliseconds
    this.#run()
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  pause(): void {
    if (this.#pauses++ > 0) return
    clearTimeout(this.#timer)
    this.#leftMs -= performance.now() - this.#startedAt
  }

  resume(): void {
    if (--this.#pauses === 0) this.#run()
  }

  /** Ends the clock for good. */
  stop(): void {
    this.#pauses = Infinity
    clearTimeout(this.#timer)
  }

  #run(): void {
    this.#startedAt = performance.now()
    this.#timer = setTimeout(
      () => this.#controller.abort(new Failure('deadline', `${this.#what} took longer than ${this.#totalMs} ms.`)),
      Math.max(0, this.#leftMs),
    )
  }
}
