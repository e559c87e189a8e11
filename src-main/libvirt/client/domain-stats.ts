import { domainStateOf, type DomainState } from '../wire/constants/domain-state.ts'
import { dirtyRateStatusName, vcpuStateName } from '../wire/constants/stats.ts'
import type { DomainRef } from '../wire/objects.ts'
import type { ResultOf } from '../wire/procedures.ts'
import { TypedParameters } from '../wire/typed-parameter.ts'

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
  const values = new TypedParameters(params)
  const state = values.number('state.state')
  const dirtyRate = values.number('dirtyrate.calc_status')
  return {
    dom,
    state: state === null ? null : domainStateOf(state, values.number('state.reason') ?? 0),
    cpu: { timeNs: values.number('cpu.time'), userNs: values.number('cpu.user'), systemNs: values.number('cpu.system') },
    balloon: balloonOf(values),
    vcpuCount: values.number('vcpu.current'),
    vcpuMaximum: values.number('vcpu.maximum'),
    vcpus: vcpusOf(values),
    interfaces: each(values, 'net.count', (i) => interfaceOf(values, `net.${i}.`)),
    disks: each(values, 'block.count', (i) => blockOf(values, `block.${i}.`)),
    dirtyRate:
      dirtyRate === null
        ? null
        : {
            status: dirtyRateStatusName(dirtyRate),
            startedAt: values.number('dirtyrate.calc_start_time'),
            periodSeconds: values.number('dirtyrate.calc_period'),
            mibPerSecond: values.number('dirtyrate.megabytes_per_second'),
          },
  }
}

/** No count is taken for more than could have been told. */
function each<T>(values: TypedParameters, count: string, make: (index: number) => T): readonly T[] {
  return Array.from({ length: Math.min(values.number(count) ?? 0, values.size) }, (_, index) => make(index))
}

// KVM itself ends at 4096.
const maxVcpus = 16_384

/** Hot-plugging leaves holes in the numbers, so the maximum is walked, not the count. */
function vcpusOf(values: TypedParameters): readonly VcpuStats[] {
  const vcpus: VcpuStats[] = []
  const maximum = Math.min(values.number('vcpu.maximum') ?? 0, maxVcpus)
  for (let number = 0; number < maximum; number++) {
    const state = values.number(`vcpu.${number}.state`)
    if (state === null) continue
    vcpus.push({
      number,
      state: vcpuStateName(state),
      timeNs: values.number(`vcpu.${number}.time`),
      waitNs: values.number(`vcpu.${number}.wait`),
    })
  }
  return vcpus
}

function interfaceOf(values: TypedParameters, at: string): InterfaceStats {
  const traffic = (way: string): TrafficStats => ({
    bytes: values.number(`${at}${way}.bytes`),
    packets: values.number(`${at}${way}.pkts`),
    errors: values.number(`${at}${way}.errs`),
    drops: values.number(`${at}${way}.drop`),
  })
  return { name: values.string(`${at}name`), received: traffic('rx'), transmitted: traffic('tx') }
}

function blockOf(values: TypedParameters, at: string): BlockStats {
  return {
    name: values.string(`${at}name`),
    path: values.string(`${at}path`),
    backingIndex: values.number(`${at}backingIndex`),
    readRequests: values.number(`${at}rd.reqs`),
    readBytes: values.number(`${at}rd.bytes`),
    readNs: values.number(`${at}rd.times`),
    writeRequests: values.number(`${at}wr.reqs`),
    writtenBytes: values.number(`${at}wr.bytes`),
    writeNs: values.number(`${at}wr.times`),
    flushRequests: values.number(`${at}fl.reqs`),
    allocationBytes: values.number(`${at}allocation`),
    capacityBytes: values.number(`${at}capacity`),
    physicalBytes: values.number(`${at}physical`),
  }
}

function balloonOf(values: TypedParameters): BalloonStats {
  return {
    currentKib: values.number('balloon.current'),
    maximumKib: values.number('balloon.maximum'),
    rssKib: values.number('balloon.rss'),
    unusedKib: values.number('balloon.unused'),
    availableKib: values.number('balloon.available'),
    usableKib: values.number('balloon.usable'),
    diskCachesKib: values.number('balloon.disk_caches'),
    swapInKib: values.number('balloon.swap_in'),
    swapOutKib: values.number('balloon.swap_out'),
    majorFaults: values.number('balloon.major_fault'),
    minorFaults: values.number('balloon.minor_fault'),
    lastUpdate: values.number('balloon.last-update'),
  }
}
