import { domainStateOf, type DomainState } from '../wire/constants/domain-state.ts'
import { dirtyRateStatusName, vcpuStateName } from '../wire/constants/stats.ts'
import type { DomainRef } from '../wire/objects.ts'
import type { ResultOf } from '../wire/procedures.ts'
import { blankDraft, placeOf } from './domain-stats-fields.ts'

export interface VcpuStats {
  readonly number: number
  readonly state: ReturnType<typeof vcpuStateName>
  /** CPU time used, and time spent waiting for a CPU, in ns. */
  readonly timeNs: number | null
  readonly waitNs: number | null
}

/** As the guest sees it: received and transmitted since it started. */
export interface InterfaceStats {
  readonly name: string | null
  readonly received: TrafficStats
  readonly transmitted: TrafficStats
}
export interface TrafficStats {
  readonly bytes: number | null
  readonly packets: number | null
  readonly errors: number | null
  readonly drops: number | null
}

/** A disk since the domain started. */
export interface BlockStats {
  /** Its target, such as `vda`. */
  readonly name: string | null
  readonly path: string | null
  /** The layer of the backing chain, where backing chains were asked for. */
  readonly backingIndex: number | null
  readonly readRequests: number | null
  readonly readBytes: number | null
  readonly readNs: number | null
  readonly writeRequests: number | null
  readonly writtenBytes: number | null
  readonly writeNs: number | null
  readonly flushRequests: number | null
  readonly allocationBytes: number | null
  readonly capacityBytes: number | null
  readonly physicalBytes: number | null
}

export interface BalloonStats {
  readonly currentKib: number | null
  readonly maximumKib: number | null
  readonly rssKib: number | null
  readonly unusedKib: number | null
  readonly availableKib: number | null
  readonly usableKib: number | null
  readonly diskCachesKib: number | null
  readonly swapInKib: number | null
  readonly swapOutKib: number | null
  readonly majorFaults: number | null
  readonly minorFaults: number | null
  /** Seconds since the epoch at which the guest last reported. */
  readonly lastUpdate: number | null
}

export interface DirtyRateStats {
  readonly status: ReturnType<typeof dirtyRateStatusName>
  /** Seconds of the host's monotonic clock at which measuring began, and how long it measures. */
  readonly startedAt: number | null
  readonly periodSeconds: number | null
  /** Only once it is measured. */
  readonly mibPerSecond: number | null
}

/** One domain of connectGetAllDomainStats. A group that was not asked for, or that the daemon could not fill, is null or empty. */
export interface DomainStats {
  readonly dom: DomainRef
  readonly state: DomainState | null
  /** Since the domain started, in ns. */
  readonly cpu: { readonly timeNs: number | null; readonly userNs: number | null; readonly systemNs: number | null }
  readonly balloon: BalloonStats
  readonly vcpuCount: number | null
  readonly vcpuMaximum: number | null
  readonly vcpus: readonly VcpuStats[]
  readonly interfaces: readonly InterfaceStats[]
  readonly disks: readonly BlockStats[]
  readonly dirtyRate: DirtyRateStats | null
}

type StatsRecord = ResultOf<'connectGetAllDomainStats'>['retStats'][number]

/** Gives the flat names of libvirt's records (virConnectGetAllDomainStats) their structure. */
export function domainStatsOf({ dom, params }: StatsRecord): DomainStats {
  const draft = blankDraft()
  for (const { field, value } of params) placeOf(field)?.(draft, value)
  const { state, reason, dirtyRateStatus } = draft.scalars
  return {
    dom,
    state: state === null ? null : domainStateOf(state, reason ?? 0),
    cpu: draft.cpu,
    balloon: draft.balloon,
    vcpuCount: draft.scalars.vcpuCount,
    vcpuMaximum: draft.scalars.vcpuMaximum,
    // Hot-plugging leaves holes in the numbers.
    vcpus: draft.vcpus.flatMap(({ state, ...times }, number) =>
      state === null ? [] : [{ number, state: vcpuStateName(state), ...times }],
    ),
    interfaces: draft.interfaces.flat(),
    disks: draft.disks.flat(),
    dirtyRate: dirtyRateStatus === null ? null : { status: dirtyRateStatusName(dirtyRateStatus), ...draft.dirtyRate },
  }
}
