import { delay } from '../../../base/abort.ts'
import type { Connection } from '../../../libvirt/client/connection.ts'
import { domainStatsOf } from '../../../libvirt/client/domain-stats.ts'
import { statsGroups } from '../../../libvirt/wire/constants/stats.ts'
import type { DomainRef } from '../../../libvirt/wire/objects.ts'
import { around, type Estimate } from './forecast-inputs.ts'

/** The shortest that QEMU measures, in seconds (MIN_FETCH_DIRTYRATE_TIME_SEC of migration/dirtyrate.h). */
const seconds = 1
const pollMs = 150
const giveUpMs = 6_000
const MiB = 1024 * 1024

/**
 * Lets QEMU measure for a second how fast the guest dirties memory (DomainStartDirtyRateCalc: libvirt 7.2, QEMU 5.2). It samples pages and tells
 * whole MiB/s, so a small rate is told as a range from zero. null where this cannot be measured: another job has the domain, or the daemon is older.
 */
export async function measureDirtyRate(connection: Connection, dom: DomainRef, signal: AbortSignal): Promise<Estimate | null> {
  try {
    await connection.call('domainStartDirtyRateCalc', { dom, seconds, flags: 0 }, { signal, deadlineMs: giveUpMs })
    const until = performance.now() + seconds * 1000 + giveUpMs
    while (performance.now() < until) {
      // There is no event for it.
      await delay(pollMs, signal)
      const { retStats } = await connection.call('connectGetAllDomainStats', { doms: [dom], stats: statsGroups.dirtyrate, flags: 0 }, { signal, deadlineMs: giveUpMs })
      const rate = retStats[0] && domainStatsOf(retStats[0]).dirtyRate
      if (rate?.status === 'measured' && rate.mibPerSecond !== null) return estimateOf(rate.mibPerSecond)
    }
    return null
  } catch {
    signal.throwIfAborted()
    return null
  }
}

/** From whole MiB/s: rounded down by QEMU, and sampled, so a little more and a little less are believed. */
export function estimateOf(mibPerSecond: number): Estimate {
  const basis = 'measured for a second'
  if (mibPerSecond === 0) return { low: 0, high: 1.5 * MiB, basis }
  return { ...around(mibPerSecond * MiB, 0.25, basis), high: (mibPerSecond + 1) * MiB * 1.25 }
}

/**
 * Without a measurement: an idle guest touches little, a busy one up to a few hundred MiB/s for each busy core.
 * `busyCores` is its CPU load, where 1 is one core.
 */
export function guessDirtyRate(busyCores: number | null): Estimate {
  if (busyCores === null) return { low: 0, high: 100 * MiB, basis: 'not measurable, guessed' }
  return { low: busyCores * 2 * MiB, high: 2 * MiB + busyCores * 200 * MiB, basis: 'guessed from its CPU load' }
}
