import type { Job } from '../../../contract/job.ts'
import type { MoveOptions } from '../../../contract/migration.ts'
import type { MoveSample } from '../../job/sample-log.ts'
import { switchesEarly } from '../plan/relayed.ts'
import { guessDirtyRate } from './dirty-rate.ts'
import { defaultDowntimeMs, type Estimate } from './forecast-inputs.ts'
import { reckonPrecopy } from './precopy-model.ts'

/** Weight of a new measurement: samples come ten times a second and look back over a second each, so this smooths over one more. */
const freshness = 0.2
/** Rounds that must have passed before a move is called hopeless: the first says nothing, the second may be a burst. */
const roundsToJudge = 3

/** What was known of a move before it began. */
export interface Expected {
  /** Bytes of memory that follow the disks; null where none does, or it is not known. */
  readonly memory?: number | null
  /** How fast the guest writes: QEMU tells it only once a round is over. */
  readonly dirtyRate?: Estimate | null
}

/**
 * How long a running move will still take, from its own samples. It says `not-converging` when the guest has dirtied memory about as
 * fast as it is sent for three rounds and nothing in the plan (throttling, a switch to post-copy) will change that. During the first round, when nobody has seen yet how fast the
 * guest writes, it goes by what the plan went by.
 */
export class LiveEta {
  readonly #options: Pick<MoveOptions, 'technique' | 'autoConverge' | 'downtimeMs'>
  readonly #expectedMemory: number
  readonly #expectedDirtyRate: Estimate
  #throughput: number | null = null
  #diskRate: number | null = null
  #dirtyRate: number | null = null
  #last: MoveSample | null = null
  #copyingSince: number | null = null
  #downtimeMs: number

  constructor(options: Pick<MoveOptions, 'technique' | 'autoConverge' | 'downtimeMs'>, expected: Expected = {}) {
    this.#options = options
    this.#expectedMemory = expected.memory ?? 0
    this.#expectedDirtyRate = expected.dirtyRate ?? guessDirtyRate(null)
    this.#downtimeMs = options.downtimeMs ?? defaultDowntimeMs
  }

  setDowntime(milliseconds: number): void {
    this.#downtimeMs = milliseconds
  }

  /** Takes the next sample; answers the ETA in seconds as the contract has it. */
  take(sample: MoveSample): Job['eta'] {
    const last = this.#last
    this.#last = sample
    // Disks and memory have rates of their own.
    if (last && last.phase !== sample.phase) this.#throughput = null
    if (sample.throughput > 0) this.#throughput = smooth(this.#throughput, sample.throughput)
    if (sample.dirtyRate !== null) this.#dirtyRate = smooth(this.#dirtyRate, sample.dirtyRate)
    if (last && sample.t > last.t && sample.diskTransferred > last.diskTransferred) {
      this.#diskRate = smooth(this.#diskRate, ((sample.diskTransferred - last.diskTransferred) * 1000) / (sample.t - last.t))
    }
    switch (sample.phase) {
      case 'preparing':
      case 'recovering':
        return null
      case 'storage':
        return this.#storage(sample)
      case 'memory':
        return this.#memory(sample)
      case 'postcopy':
        return this.#throughput ? range(sample.memoryRemaining / this.#throughput, 0.7, 1.5) : null
      case 'switching':
      case 'finishing':
        return [0, 1]
    }
  }

  #storage(sample: MoveSample): Job['eta'] {
    const rate = this.#diskRate
    if (!rate) return null
    const disks = Math.max(0, sample.diskTotal - sample.diskTransferred) / rate
    // Memory follows over the same wire.
    return range(disks + (sample.memoryTotal > 0 ? sample.memoryRemaining : this.#expectedMemory) / rate, 0.8, 1.6)
  }

  #memory(sample: MoveSample): Job['eta'] {
    this.#copyingSince ??= sample.t
    const bandwidth = this.#throughput
    if (!bandwidth) return null
    const dirtyRate = this.#dirtyRate
    if (dirtyRate === null && !switchesEarly(this.#options.technique)) return this.#firstRound(sample, bandwidth, this.#copyingSince)
    return this.#laterRound(sample, bandwidth, dirtyRate ?? 0)
  }

  /** From the ends of what is believed of the guest: the pages that it has dirtied since the beginning are still to come, beside those that QEMU calls remaining. */
  #firstRound(sample: MoveSample, bandwidth: number, since: number): Job['eta'] {
    const elapsed = (sample.t - since) / 1000
    const left = (dirtyRate: number): number =>
      reckonPrecopy({ memory: sample.memoryRemaining, dirtyable: sample.memoryTotal, dirtyRate, dirtied: dirtyRate * elapsed, bandwidth, downtimeLimitMs: this.#downtimeMs, isThrottled: this.#options.autoConverge }).seconds
    const [calm, busy] = [left(this.#expectedDirtyRate.low), left(this.#expectedDirtyRate.high)]
    // With throttling the busier guest may be the sooner one.
    return [Math.floor(Math.min(calm, busy) * 0.7), Math.ceil(Math.max(calm, busy) * 1.5)]
  }

  #laterRound(sample: MoveSample, bandwidth: number, dirtyRate: number): Job['eta'] {
    const input = { memory: sample.memoryRemaining, dirtyable: sample.memoryTotal, dirtyRate, bandwidth, downtimeLimitMs: this.#downtimeMs, isThrottled: false }
    const asIs = reckonPrecopy(input)
    if (switchesEarly(this.#options.technique)) {
      return range(sample.memoryRemaining / bandwidth, 0.5, 2)
    }
    if (asIs.isConverging && dirtyRate < bandwidth * 0.95) return range(asIs.seconds, 0.7, 1.5)
    if (this.#options.autoConverge && sample.throttle < 99) {
      return range(reckonPrecopy({ ...input, isThrottled: true }).seconds, 0.5, 2)
    }
    return sample.iteration >= roundsToJudge ? 'not-converging' : null
  }
}

function smooth(before: number | null, now: number): number {
  return before === null ? now : before + (now - before) * freshness
}

function range(seconds: number, low: number, high: number): [number, number] {
  return [Math.floor(seconds * low), Math.ceil(seconds * high)]
}
