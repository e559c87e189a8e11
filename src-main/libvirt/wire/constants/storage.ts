import { nameOf } from './names.ts'

// libvirt-storage.h

export const poolStates = {
  inactive: 0,
  building: 1,
  running: 2,
  degraded: 3,
  inaccessible: 4,
} as const

export const poolStateName = nameOf(poolStates, 'unknown')

export const volumeTypes = {
  file: 0,
  block: 1,
  dir: 2,
  network: 3,
  netdir: 4,
  ploop: 5,
} as const

export const volumeTypeName = nameOf(volumeTypes, 'unknown')

export const listPoolsFlags = { inactive: 1, active: 2, persistent: 4, transient: 8, autostart: 16, noAutostart: 32 } as const
export const volumeInfoFlags = { useAllocation: 0, getPhysical: 1 } as const
export const volumeCreateFlags = { preallocMetadata: 1, reflink: 2, validate: 4 } as const
