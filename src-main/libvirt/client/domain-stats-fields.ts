import type { TypedParameter } from '../wire/typed-parameter.ts'
import type { BalloonStats, BlockStats, DirtyRateStats, DomainStats, InterfaceStats, TrafficStats, VcpuStats } from './domain-stats.ts'

type Mutable<T> = { -readonly [K in keyof T]: T[K] }
type Value = TypedParameter['value']
type NumbersOf<T> = { [K in keyof T]: T[K] extends number | null ? K : never }[keyof T]

/** What a record is collected into. Lists are by number and may have holes. */
export interface StatsDraft {
  readonly scalars: Record<'state' | 'reason' | 'vcpuCount' | 'vcpuMaximum' | 'dirtyRateStatus', number | null>
  readonly cpu: Mutable<DomainStats['cpu']>
  readonly balloon: Mutable<BalloonStats>
  readonly dirtyRate: Mutable<Omit<DirtyRateStats, 'status'>>
  readonly vcpus: (Mutable<Pick<VcpuStats, 'timeNs' | 'waitNs'>> & { state: number | null })[]
  readonly interfaces: (Mutable<Pick<InterfaceStats, 'name'>> & {
    readonly received: Mutable<TrafficStats>
    readonly transmitted: Mutable<TrafficStats>
  })[]
  readonly disks: Mutable<BlockStats>[]
}

const scalars: { readonly [field: string]: keyof StatsDraft['scalars'] } = {
  'state.state': 'state',
  'state.reason': 'reason',
  'vcpu.current': 'vcpuCount',
  'vcpu.maximum': 'vcpuMaximum',
  'dirtyrate.calc_status': 'dirtyRateStatus',
}
const cpu: { readonly [field: string]: keyof StatsDraft['cpu'] } = { 'cpu.time': 'timeNs', 'cpu.user': 'userNs', 'cpu.system': 'systemNs' }
const balloon: { readonly [field: string]: keyof BalloonStats } = {
  'balloon.current': 'currentKib',
  'balloon.maximum': 'maximumKib',
  'balloon.rss': 'rssKib',
  'balloon.unused': 'unusedKib',
  'balloon.available': 'availableKib',
  'balloon.usable': 'usableKib',
  'balloon.disk_caches': 'diskCachesKib',
  'balloon.swap_in': 'swapInKib',
  'balloon.swap_out': 'swapOutKib',
  'balloon.major_fault': 'majorFaults',
  'balloon.minor_fault': 'minorFaults',
  'balloon.last-update': 'lastUpdate',
}
const dirtyRate: { readonly [field: string]: keyof StatsDraft['dirtyRate'] } = {
  'dirtyrate.calc_start_time': 'startedAt',
  'dirtyrate.calc_period': 'periodSeconds',
  'dirtyrate.megabytes_per_second': 'mibPerSecond',
}
const vcpu: { readonly [field: string]: NumbersOf<StatsDraft['vcpus'][number]> } = { state: 'state', time: 'timeNs', wait: 'waitNs' }
const traffic: { readonly [field: string]: keyof TrafficStats } = { bytes: 'bytes', pkts: 'packets', errs: 'errors', drop: 'drops' }
const diskNumbers: { readonly [field: string]: NumbersOf<BlockStats> } = {
  backingIndex: 'backingIndex',
  'rd.reqs': 'readRequests',
  'rd.bytes': 'readBytes',
  'rd.times': 'readNs',
  'wr.reqs': 'writeRequests',
  'wr.bytes': 'writtenBytes',
  'wr.times': 'writeNs',
  'fl.reqs': 'flushRequests',
  allocation: 'allocationBytes',
  capacity: 'capacityBytes',
  physical: 'physicalBytes',
}

export function blankDraft(): StatsDraft {
  return {
    scalars: { state: null, reason: null, vcpuCount: null, vcpuMaximum: null, dirtyRateStatus: null },
    cpu: { timeNs: null, userNs: null, systemNs: null },
    balloon: {
      currentKib: null,
      maximumKib: null,
      rssKib: null,
      unusedKib: null,
      availableKib: null,
      usableKib: null,
      diskCachesKib: null,
      swapInKib: null,
      swapOutKib: null,
      majorFaults: null,
      minorFaults: null,
      lastUpdate: null,
    },
    dirtyRate: { startedAt: null, periodSeconds: null, mibPerSecond: null },
    vcpus: [],
    interfaces: [],
    disks: [],
  }
}

const blankTraffic = (): Mutable<TrafficStats> => ({ bytes: null, packets: null, errors: null, drops: null })
const vcpuAt = (draft: StatsDraft, number: number) => (draft.vcpus[number] ??= { state: null, timeNs: null, waitNs: null })
const interfaceAt = (draft: StatsDraft, number: number) =>
  (draft.interfaces[number] ??= { name: null, received: blankTraffic(), transmitted: blankTraffic() })
const diskAt = (draft: StatsDraft, number: number) =>
  (draft.disks[number] ??= {
    name: null,
    path: null,
    backingIndex: null,
    readRequests: null,
    readBytes: null,
    readNs: null,
    writeRequests: null,
    writtenBytes: null,
    writeNs: null,
    flushRequests: null,
    allocationBytes: null,
    capacityBytes: null,
    physicalBytes: null,
  })

type Place = (draft: StatsDraft, value: Value) => void

const numberOr = (value: Value): number | null => (typeof value === 'number' ? value : null)
const textOr = (value: Value): string | null => (typeof value === 'string' ? value : null)

/** Field names repeat with every record: each is taken apart once. Bounded, since the daemon chooses them. */
const places = new Map<string, Place | null>()
const maxPlaces = 8192

/** Where a field's value belongs; null for a field that nobody has use for. */
export function placeOf(field: string): Place | null {
  const known = places.get(field)
  if (known !== undefined) return known
  if (places.size >= maxPlaces) places.clear()
  const place = findPlace(field)
  places.set(field, place)
  return place
}

function findPlace(field: string): Place | null {
  const scalar = scalars[field]
  if (scalar) return (draft, value) => void (draft.scalars[scalar] = numberOr(value))
  const ofCpu = cpu[field]
  if (ofCpu) return (draft, value) => void (draft.cpu[ofCpu] = numberOr(value))
  const ofBalloon = balloon[field]
  if (ofBalloon) return (draft, value) => void (draft.balloon[ofBalloon] = numberOr(value))
  const ofDirtyRate = dirtyRate[field]
  if (ofDirtyRate) return (draft, value) => void (draft.dirtyRate[ofDirtyRate] = numberOr(value))
  const [, group, digits, rest = ''] = /^(vcpu|net|block)\.(\d{1,5})\.(.+)$/.exec(field) ?? []
  const number = Number(digits)
  if (group === 'vcpu') return vcpuPlace(number, rest)
  if (group === 'net') return interfacePlace(number, rest)
  return group === 'block' ? diskPlace(number, rest) : null
}

function vcpuPlace(number: number, rest: string): Place | null {
  const key = vcpu[rest]
  return key ? (draft, value) => void (vcpuAt(draft, number)[key] = numberOr(value)) : null
}

function interfacePlace(number: number, rest: string): Place | null {
  if (rest === 'name') return (draft, value) => void (interfaceAt(draft, number).name = textOr(value))
  const way = rest.startsWith('rx.') ? 'received' : rest.startsWith('tx.') ? 'transmitted' : null
  const key = traffic[rest.slice(3)]
  return way && key ? (draft, value) => void (interfaceAt(draft, number)[way][key] = numberOr(value)) : null
}

function diskPlace(number: number, rest: string): Place | null {
  if (rest === 'name' || rest === 'path') return (draft, value) => void (diskAt(draft, number)[rest] = textOr(value))
  const key = diskNumbers[rest]
  return key ? (draft, value) => void (diskAt(draft, number)[key] = numberOr(value)) : null
}
