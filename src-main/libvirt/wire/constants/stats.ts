import { nameOf } from './names.ts'

// virDomainStatsTypes and virConnectGetAllDomainStatsFlags, libvirt-domain.h

export const statsGroups = {
  state: 1,
  cpuTotal: 2,
  balloon: 4,
  vcpu: 8,
  interface: 16,
  block: 32,
  perf: 64,
  iothread: 128,
  memory: 256,
  dirtyrate: 512,
  vm: 1024,
} as const

/** `nowait` answers for a domain that is busy with what needs no monitor; `backing` adds backing chains. */
export const statsFlags = {
  active: 1,
  inactive: 2,
  persistent: 4,
  transient: 8,
  running: 16,
  paused: 32,
  shutoff: 64,
  other: 128,
  nowait: 536870912,
  backing: 1073741824,
  enforceStats: 2147483648,
} as const

export const dirtyRateStatuses = {
  unstarted: 0,
  measuring: 1,
  measured: 2,
} as const

export const dirtyRateStatusName = nameOf(dirtyRateStatuses, 'unknown')

export const vcpuStates = {
  offline: 0,
  running: 1,
  blocked: 2,
} as const

export const vcpuStateName = nameOf(vcpuStates, 'unknown')
