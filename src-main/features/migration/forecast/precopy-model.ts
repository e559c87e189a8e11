/** What a pre-copy is reckoned from. Bytes, bytes per second, milliseconds. */
export interface PrecopyInput {
  /** Memory that has content and so crosses in the first round. */
  readonly memory: number
  /** Memory that the guest can dirty at most: no round is larger. */
  readonly dirtyable: number
  readonly dirtyRate: number
  readonly bandwidth: number
  readonly downtimeLimitMs: number
  /** Auto-converge: the guest is slowed down while rounds do not shrink. */
  readonly isThrottled: boolean
  /** Of a round that is under way: what the guest has dirtied since it began; 0 when left out. */
  readonly dirtied?: number
}

export interface PrecopyOutcome {
  readonly seconds: number
  readonly downtimeMs: number
  readonly bytes: number
  readonly rounds: number
  readonly isConverging: boolean
}

/** After so many rounds a move that has not ended is said not to end by itself. */
const roundLimit = 30
/** Device state, the switch itself and the two calls after it; the guest stands still meanwhile. */
const switchMs = 30
/** QEMU's cpu-throttle-initial, cpu-throttle-increment and its ceiling, in percent (qapi/migration.json). */
const throttle = { initial: 20, increment: 10, ceiling: 99 }

/**
 * Pre-copy as rounds: each sends what the guest dirtied during the one before, until the rest fits the downtime limit
 * (Clark et al., NSDI 2005; QEMU's migration_iteration_run compares the rest with bandwidth × downtime-limit).
 * Without throttling the answer never falls with more memory or a higher dirty rate, and never rises with more bandwidth.
 */
export function reckonPrecopy(input: PrecopyInput): PrecopyOutcome {
  const bandwidth = Math.max(1, input.bandwidth)
  const enough = (bandwidth * input.downtimeLimitMs) / 1000
  let rest = input.memory
  let seconds = 0
  let bytes = 0
  let rounds = 0
  let percent = 0
  // QEMU has no bandwidth to compare with before it has sent for a while, so the first round is never skipped.
  while ((rounds === 0 || rest > enough) && rounds < roundLimit) {
    const time = rest / bandwidth
    bytes += rest
    seconds += time
    rounds++
    const before = rounds === 1 ? (input.dirtied ?? 0) : 0
    const dirtied = Math.min(input.dirtyable, before + input.dirtyRate * (1 - percent / 100) * time)
    // migration_trigger_throttle: the guest dirtied more than half of what was sent, for the second time.
    if (input.isThrottled && rounds > 1 && dirtied > rest / 2) percent = Math.min(throttle.ceiling, percent === 0 ? throttle.initial : percent + throttle.increment)
    rest = dirtied
  }
  const stop = rest / bandwidth
  return {
    seconds: seconds + stop + switchMs / 1000,
    downtimeMs: stop * 1000 + switchMs,
    bytes: bytes + rest,
    rounds,
    isConverging: rest <= enough,
  }
}
