import type { MoveOptions } from '../../../contract/migration.ts'
import type { Estimate } from './forecast-inputs.ts'
import { around } from './forecast-inputs.ts'

/** What is known of the way between two hosts. */
export interface BandwidthEvidence {
  /** Of the device that the source sends by, in Mbit/s. */
  readonly linkMbps: number | null
  /** Throughputs of earlier moves between these hosts, bytes per second, newest first. */
  readonly earlier: readonly number[]
}

const MiB = 1024 * 1024
/** What TCP and Ethernet leave of a link's bits. */
const usable = 0.94
/** One stream of QEMU's migration rarely exceeds this on one CPU core, in bytes per second; each multifd connection adds to it. */
const perStream = { low: 400 * MiB, high: 1600 * MiB }
/** QEMU's TLS costs up to this share on a CPU without AES instructions. */
const tlsShare = { low: 0.4, high: 0.95 }

/**
 * Bytes per second that a move will have. Earlier moves between the same hosts say most, since they saw the slowest part of the way; then the
 * device's speed; else anything from a loaded gigabit to a fast ten. A limit of the plan caps all of it.
 */
export function estimateBandwidth(options: Pick<MoveOptions, 'bandwidthMiBps' | 'parallelConnections' | 'tls'>, evidence: BandwidthEvidence): Estimate {
  const open = unlimited(options, evidence)
  const limit = options.bandwidthMiBps === null ? null : options.bandwidthMiBps * MiB
  if (limit === null || limit >= open.high) return open
  // QEMU keeps to its limit within a few percent.
  return { low: Math.min(open.low, limit * 0.95), high: limit, basis: `limited to ${options.bandwidthMiBps} MiB/s` }
}

function unlimited(options: Pick<MoveOptions, 'parallelConnections' | 'tls'>, { linkMbps, earlier }: BandwidthEvidence): Estimate {
  const streams = options.parallelConnections ?? 1
  const share = options.tls ? tlsShare : { low: 1, high: 1 }
  const ceiling = { low: perStream.low * streams * share.low, high: perStream.high * streams * share.high }
  const seen = median(earlier.slice(0, 5))
  if (seen !== null) return capped({ ...around(seen, 0.25, `${earlier.length === 1 ? 'the last move' : 'earlier moves'} between these hosts`) }, ceiling.high)
  if (linkMbps !== null) {
    const line = (linkMbps * 1e6 * usable) / 8
    return { low: Math.min(line * 0.6, ceiling.low), high: Math.min(line, ceiling.high), basis: `a link of ${formatMbps(linkMbps)}` }
  }
  return { low: Math.min(60 * MiB, ceiling.low), high: Math.min(1100 * MiB, ceiling.high), basis: 'the link is not known' }
}

function capped(estimate: Estimate, most: number): Estimate {
  return { ...estimate, low: Math.min(estimate.low, most), high: Math.min(estimate.high, most) }
}

function median(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? null
}

function formatMbps(mbps: number): string {
  return mbps >= 1000 ? `${mbps / 1000} Gbit/s` : `${mbps} Mbit/s`
}
