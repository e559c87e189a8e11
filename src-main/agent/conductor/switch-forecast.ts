import type { SwitchPolicy } from '../protocol/move-spec.ts'
import type { MoveSample } from '../protocol/move-event.ts'

/** QEMU's own downtime limit where none was set. */
const usualDowntimeMs = 300
/** More passes than this are not worth waiting for. */
const mostPasses = 12

/** Decides when a hybrid move switches, sample by sample. */
export class SwitchForecast {
  readonly #policy: SwitchPolicy
  #firstAt: number | null = null
  #iteration = 0
  /** Passes in a row whose rates said that pre-copy gains nothing. */
  #hopeless = 0
  /** What had to be sent at the start of the pass, and of the one before. */
  #passBytes: number | null = null

  constructor(policy: SwitchPolicy) {
    this.#policy = policy
  }

  /** Why it should switch now, as a sentence; null to go on. `t`: milliseconds of a steady clock. `downtimeMs`: the limit in force. */
  reasonToSwitch(sample: MoveSample, t: number, downtimeMs: number | null): string | null {
    if (sample.phase !== 'memory' || sample.memoryTotal === 0) return null
    this.#firstAt ??= t
    const policy = this.#policy
    if (policy.when === 'hand') return null
    if (policy.when === 'time') {
      return t - this.#firstAt >= policy.seconds * 1000 ? `${policy.seconds} s of pre-copy have passed.` : null
    }
    return this.#forecast(sample, downtimeMs ?? usualDowntimeMs)
  }

  /**
   * Each pass leaves about `dirty rate ÷ throughput` of what it began with. It ends by itself once what is left fits into the downtime limit;
   * two passes in a row that say it will not, or not within a dozen more, are enough. The first pass sends everything and says nothing.
   */
  #forecast(sample: MoveSample, downtimeMs: number): string | null {
    if (sample.iteration === this.#iteration) return null
    const isFirst = this.#iteration === 0
    const before = this.#passBytes
    this.#iteration = sample.iteration
    this.#passBytes = sample.memoryRemaining
    if (isFirst || sample.dirtyRate === null || sample.throughput <= 0) return null
    const fits = (sample.throughput * downtimeMs) / 1000
    if (sample.memoryRemaining <= fits) {
      this.#hopeless = 0
      return null
    }
    const ratio = sample.dirtyRate / sample.throughput
    const passes = ratio <= 0 ? 1 : Math.log(fits / sample.memoryRemaining) / Math.log(ratio)
    const isShrinking = before === null || sample.memoryRemaining < before * 0.9
    const isHopeless = ratio >= 1 || passes > mostPasses
    this.#hopeless = isHopeless || !isShrinking ? this.#hopeless + 1 : 0
    if (this.#hopeless < 2) return null
    return `Memory is dirtied at ${mebibytes(sample.dirtyRate)} MiB/s and sent at ${mebibytes(sample.throughput)} MiB/s: pre-copy would not end within ${downtimeMs} ms of downtime.`
  }
}

function mebibytes(bytes: number): string {
  return (bytes / 1024 / 1024).toFixed(bytes < 10 * 1024 * 1024 ? 1 : 0)
}
