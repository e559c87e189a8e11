import type { SampleRow } from './frame.ts'

/** Counters as libvirt gives them, growing since the domain (or host) started. */
export interface Counters {
  /** Milliseconds on this process's monotonic clock. */
  readonly at: number
  readonly cpuNs: bigint | number
  readonly memoryKiB: number
  readonly readBytes: number
  readonly writeBytes: number
  readonly rxBytes: number
  readonly txBytes: number
}

/**
 * Rates between two readings. `cpu` is hundredths of a percent of one core, to at most 100 % of each of `cores`; null where no time has passed.
 * A counter that fell (the domain was restarted) counts as having started from zero.
 */
export function rates(before: Counters, now: Counters, cores: number): SampleRow | null {
  const seconds = (now.at - before.at) / 1000
  if (seconds <= 0) return null
  const grown = (a: number, b: number) => (b >= a ? b - a : b)
  const perSecond = (a: number, b: number) => Math.round(grown(a, b) / seconds)
  const cpuShare = grown(Number(before.cpuNs), Number(now.cpuNs)) / 1e9 / seconds
  return {
    cpu: Math.round(Math.min(cpuShare, cores) * 10_000),
    memory: now.memoryKiB,
    read: perSecond(before.readBytes, now.readBytes),
    write: perSecond(before.writeBytes, now.writeBytes),
    rx: perSecond(before.rxBytes, now.rxBytes),
    tx: perSecond(before.txBytes, now.txBytes),
  }
}
