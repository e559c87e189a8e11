import type { Connection } from '../../libvirt/client/connection.ts'
import { domainStatsOf, type DomainStats } from '../../libvirt/client/domain-stats.ts'
import { bits } from '../../libvirt/wire/constants/names.ts'
import type { DomainState } from '../../libvirt/wire/constants/domain-state.ts'
import { statsFlags, statsGroups } from '../../libvirt/wire/constants/stats.ts'
import type { DomainRef } from '../../libvirt/wire/objects.ts'
import type { Counters } from './rates.ts'

/** What only a running domain has; of the others the daemon would tell the same names and paths every second. */
const figures = bits(statsGroups, ['cpuTotal', 'balloon', 'interface', 'block'])

/** One domain as one poll saw it. `counters` are null while it is off, or too busy to be asked. */
export interface DomainReading {
  readonly dom: DomainRef
  readonly state: DomainState
  readonly counters: Counters | null
}

/**
 * All domains of a host: which there are and how they stand, and beside it the figures of those that run. `nowait` keeps a domain that is busy (with a migration
 * above all) from holding up the others; it is then told without the figures that need its monitor.
 */
export async function readDomains(connection: Connection, signal: AbortSignal): Promise<DomainReading[]> {
  const ask = (stats: number, flags: number) => connection.call('connectGetAllDomainStats', { doms: [], stats, flags }, { signal })
  const [standing, running] = await Promise.all([ask(statsGroups.state, statsFlags.nowait), ask(figures, statsFlags.nowait | statsFlags.active)])
  const at = performance.now()
  const counters = new Map(running.retStats.map((record) => [record.dom.uuid, countersOf(domainStatsOf(record), at)]))
  return standing.retStats.map((record) => {
    const { dom, state } = domainStatsOf(record)
    return { dom, state: state ?? { state: 'unknown', reason: 'unknown' }, counters: counters.get(dom.uuid) ?? null }
  })
}

function countersOf({ cpu, balloon, disks, interfaces }: DomainStats, at: number): Counters | null {
  if (cpu.timeNs === null) return null
  const sum = (numbers: readonly (number | null)[]) => numbers.reduce<number>((total, n) => total + (n ?? 0), 0)
  return {
    at,
    cpuNs: cpu.timeNs,
    // What the guest uses where its balloon driver tells, else what QEMU holds of the host.
    memoryKiB: usedByGuest(balloon) ?? balloon.rssKib ?? balloon.currentKib ?? 0,
    readBytes: sum(disks.map(({ readBytes }) => readBytes)),
    writeBytes: sum(disks.map(({ writtenBytes }) => writtenBytes)),
    rxBytes: sum(interfaces.map(({ received }) => received.bytes)),
    txBytes: sum(interfaces.map(({ transmitted }) => transmitted.bytes)),
  }
}

function usedByGuest({ availableKib, usableKib }: DomainStats['balloon']): number | null {
  return availableKib === null || usableKib === null ? null : Math.max(0, availableKib - usableKib)
}
