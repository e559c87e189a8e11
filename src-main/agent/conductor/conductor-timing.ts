/** All of a conductor's clocks, in milliseconds. Tests have seconds where a user has minutes. */
export interface ConductorTiming {
  /** Between samples. */
  readonly sampleMs: number
  /** A daemon that has not answered for this long may not be relied on for a switch. */
  readonly answerMs: number
  /** Of one call on a control connection. */
  readonly callMs: number
  /** Until a connection must be open. */
  readonly openMs: number
  /** Between attempts to reach a daemon again after a connection was lost, growing to {@link slowestRetryMs}. */
  readonly retryMs: number
  readonly slowestRetryMs: number
  /** How long after a failure before the switch both daemons are asked where the VM is, while one is silent or still at work. */
  readonly locateForMs: number
  /** How long both daemons are asked again where the VM is when an answer that decides did not come, or after the switch. */
  readonly settleForMs: number
  /** Post-copy without a byte for this long is called stalled, and may be recovered by hand. */
  readonly stallMs: number
}

export const usualTiming: ConductorTiming = {
  sampleMs: 100,
  answerMs: 1000,
  callMs: 10_000,
  openMs: 20_000,
  retryMs: 250,
  slowestRetryMs: 5000,
  locateForMs: 15_000,
  settleForMs: 15 * 60_000,
  stallMs: 5000,
}
