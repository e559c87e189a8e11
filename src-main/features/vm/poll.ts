import type { Connection } from '../../libvirt/client/connection.ts'
import { domainStatsOf, type DomainStats } from '../../libvirt/client/domain-stats.ts'
import { bits } from '../../libvirt/wire/constants/names.ts'
import type { DomainState } from '../../libvirt/wire/constants/domain-state.ts'
import { statsFlags, statsGroups } from '../../libvirt/wire/constants/stats.ts'
import type { DomainRef } from '../../libvirt/wire/objects.ts'
import type { Counters } from './rates.ts'

const groups = bits(statsGroups, ['state', 'cpuTotal', 'balloon', 'interface', 'block'])

/** One domain as one poll saw it. `counters` are null while it is off, or too busy to be asked. */
export interface DomainReading {
  readonly dom: DomainRef
  readonly state: DomainState
  readonly counters: Counters | null
}

/**
 * All domains of a host in one call. `nowait` keeps a domain that is busy (with a migration above all) from holding up the others; it is
 * then told without the figures that need its monitor.
 */
export async function readDomains(connection: Connection, signal: AbortSignal): Promise<DomainReading[]> {
  const { retStats } = await connection.call('connectGetAllDomainStats', { doms: [], stats: groups, flags: statsFlags.nowait }, { signal })
  const at = performance.now()
  return retStats.map((record) => readingOf(domainStatsOf(record), at))
}

function readingOf(stats: DomainStats, at: number): DomainReading {
  const sum = (numbers: readonly (number | null)[]) => numbers.reduce<number>((total, n) => total + (n ?? 0), 0)
  const { cpu, balloon, disks, interfaces } = stats
  return {
    dom: stats.dom,
    state: stats.state ?? { state: 'unknown', reason: 'unknown' },
    counters:
      // Of a domain that is off libvirt tells the CPU time of something else.
      cpu.timeNs === null || stats.dom.id < 0
        ? null
        : {
            at,
            cpuNs: cpu.timeNs,
            // What the guest uses where its balloon driver tells, else what QEMU holds of the host.
            memoryKiB: usedByGuest(balloon) ?? balloon.rssKib ?? balloon.currentKib ?? 0,
            readBytes: sum(disks.map(({ readBytes }) => readBytes)),
            writeBytes: sum(disks.map(({ writtenBytes }) => writtenBytes)),
            rxBytes: sum(interfaces.map(({ received }) => received.bytes)),
            txBytes: sum(interfaces.map(({ transmitted }) => transmitted.bytes)),
          },
  }
}

function usedByGuest({ availableKib, usableKib }: DomainStats['balloon']): number | null {
  return availableKib === null || usableKib === null ? null : Math.max(0, availableKib - usableKib)
}
