import type { ProcessDescription, VmDescription } from '../lab.ts'
import type { Dirtying } from './dirtying.ts'

export const pageBytes = 4096
const pagesPerMiB = 256

interface Kind {
  readonly mibPerSecond: number
  /** Part of the memory with content. */
  readonly workingShare: number
  readonly cpuPercent: number
  readonly networkKiBps: number
  readonly diskKiBps: number
}

/** Round figures of usual guests: what they write is far less than what their CPUs do, but for memory-bound ones. */
const kinds: Readonly<Record<Exclude<ProcessDescription['kind'], 'fixed'>, Kind>> = {
  idle: { mibPerSecond: 0.3, workingShare: 0.01, cpuPercent: 2, networkKiBps: 2, diskKiBps: 4 },
  web: { mibPerSecond: 8, workingShare: 0.06, cpuPercent: 18, networkKiBps: 1800, diskKiBps: 120 },
  database: { mibPerSecond: 45, workingShare: 0.25, cpuPercent: 42, networkKiBps: 900, diskKiBps: 6400 },
  compile: { mibPerSecond: 90, workingShare: 0.35, cpuPercent: 94, networkKiBps: 12, diskKiBps: 2600 },
  'boot-storm': { mibPerSecond: 160, workingShare: 0.4, cpuPercent: 78, networkKiBps: 300, diskKiBps: 18_000 },
}

/** What every kernel writes whatever runs on it: timers, logs, its own books. */
const ownWrites: Dirtying = { pagesPerSecond: 60, workingSet: 220, pattern: 'random' }
/** Of a hot VM: as fast as a core can write to memory. */
export const hotMiBPerSecond = 4000

/** What a guest does on average, beside what its description says. */
export interface GuestLoad {
  readonly dirtying: readonly Dirtying[]
  /** Of all its vCPUs, 0 to 1. */
  readonly cpuShare: number
  readonly networkBytesPerSecond: number
  readonly diskBytesPerSecond: number
}

/** Pages of the guest that have content; the others are zeros. */
export function usedPages(vm: Pick<VmDescription, 'memoryMiB' | 'usedMiB'>): number {
  return Math.round(Math.min(vm.memoryMiB, vm.usedMiB ?? (vm.memoryMiB * 2) / 3) * pagesPerMiB)
}

export function loadOf(vm: VmDescription): GuestLoad {
  const { process } = vm
  const used = usedPages(vm)
  const kind = process.kind === 'fixed' ? null : kinds[process.kind]
  const mibPerSecond = process.kind === 'fixed' ? process.mibPerSecond : kinds[process.kind].mibPerSecond
  const workingSet = vm.workingSetMiB === undefined ? Math.round(used * (kind?.workingShare ?? 0.5)) : Math.min(used, vm.workingSetMiB * pagesPerMiB)
  const pattern = process.kind === 'fixed' ? (process.pattern ?? 'random') : 'random'
  return {
    dirtying: [{ pagesPerSecond: mibPerSecond * pagesPerMiB, workingSet, pattern }, ownWrites],
    cpuShare: (vm.cpuPercent ?? kind?.cpuPercent ?? 5) / 100,
    networkBytesPerSecond: (vm.networkKiBps ?? kind?.networkKiBps ?? 2) * 1024,
    diskBytesPerSecond: (vm.diskKiBps ?? kind?.diskKiBps ?? 4) * 1024,
  }
}

/** The load of a VM that has gone wild. */
export function hot(load: GuestLoad, used: number): GuestLoad {
  return { ...load, cpuShare: 1, dirtying: [{ pagesPerSecond: hotMiBPerSecond * pagesPerMiB, workingSet: Math.round(used * 0.8), pattern: 'random' }, ownWrites] }
}
