import type { Disposable } from '../../base/disposable.ts'
import { Emitter } from '../../base/event.ts'
import { Timeline } from './timeline.ts'

/** The slowest and fastest that the world can go, as a multiple of real time. */
export const speedRange = { slowest: 0.5, fastest: 50 } as const

/** Longest sleep of the driver, ms: within it the system may have slept. */
const longestSleepMs = 60_000

/**
 * Drives a timeline by real time, at a speed that may be changed and paused. With `isManual` nothing moves but by {@link advance}: for tests and for reckoning ahead.
 * One timer serves the whole world; whoever asks for figures calls {@link catchUp} first.
 */
export class WorldClock implements Disposable {
  readonly timeline = new Timeline()
  readonly isManual: boolean
  readonly #changed = new Emitter<WorldClock>()
  #speed: number
  #isPaused = false
  #timer: NodeJS.Timeout | undefined
  #readAt = performance.now()
  #lived = 0
  #isDisposed = false

  /** Fires when speed or pause changed. */
  readonly onDidChange = this.#changed.event

  constructor(options: { speed?: number; isManual?: boolean } = {}) {
    this.#speed = options.speed ?? 1
    this.isManual = options.isManual ?? false
  }

  /** Virtual milliseconds since the world began. */
  get now(): number {
    return this.timeline.now
  }

  /**
   * Real milliseconds that the world was not paused. Counters that observers turn into rates by their own clocks (CPU time, traffic) grow with it, so that a guest
   * at 40 % CPU is seen at 40 % whatever the speed.
   */
  get lived(): number {
    return this.#lived
  }

  get speed(): number {
    return this.#speed
  }

  get isPaused(): boolean {
    return this.#isPaused
  }

  /** Clamped to {@link speedRange}. */
  setSpeed(speed: number): void {
    this.catchUp()
    this.#speed = Math.min(speedRange.fastest, Math.max(speedRange.slowest, speed))
    this.#arm()
    this.#changed.fire(this)
  }

  pause(): void {
    if (this.#isPaused) return
    this.catchUp()
    this.#isPaused = true
    this.#arm()
    this.#changed.fire(this)
  }

  resume(): void {
    if (!this.#isPaused) return
    this.#readAt = performance.now()
    this.#isPaused = false
    this.#arm()
    this.#changed.fire(this)
  }

  /** Brings the world up to the present moment. */
  catchUp(): void {
    if (this.isManual || this.#isPaused || this.#isDisposed) return
    const now = performance.now()
    const passed = Math.max(0, now - this.#readAt)
    this.#readAt = now
    this.#lived += passed
    this.timeline.advance(this.timeline.now + passed * this.#speed)
  }

  /** Runs `run` once, virtual `milliseconds` from now. */
  after(milliseconds: number, run: () => void): Disposable {
    const entry = this.timeline.after(milliseconds, run)
    this.#arm()
    return entry
  }

  /** Of a manual clock: moves on by so many virtual milliseconds. */
  advance(milliseconds: number): void {
    this.#lived += milliseconds
    this.timeline.advance(this.timeline.now + milliseconds)
  }

  dispose(): void {
    this.#isDisposed = true
    clearTimeout(this.#timer)
    this.#changed.dispose()
  }

  /** One timer, for whatever comes first. */
  #arm(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const { next } = this.timeline
    if (this.isManual || this.#isPaused || this.#isDisposed || next === null) return
    const wait = Math.min(longestSleepMs, Math.max(0, (next - this.timeline.now) / this.#speed))
    this.#timer = setTimeout(() => {
      this.catchUp()
      this.#arm()
    }, wait)
    // A world that nobody looks at keeps no program alive.
    this.#timer.unref()
  }
}
