import { nameOf } from './names.ts'

// Flags, features and answers of the calls on a connection: libvirt-host.h, libvirt_internal.h

export const connectFlags = { readOnly: 1 } as const
export const authTypes = { none: 0, sasl: 1, polkit: 2 } as const

/** virDrvFeature, asked with connectSupportsFeature. */
export const driverFeatures = {
  migrationP2p: 4,
  migrationDirect: 5,
  migrationV3: 6,
  migrateChangeProtection: 7,
  fdPassing: 8,
  typedParamString: 9,
  programKeepalive: 10,
  xmlMigratable: 11,
  migrationOffline: 12,
  migrationParams: 13,
  remoteEventCallback: 14,
  remoteCloseCallback: 15,
} as const
export type DriverFeature = keyof typeof driverFeatures

/** virCPUCompareResult: the host's CPU against the one asked about. */
export const cpuCompareResults = { error: -1, incompatible: 0, identical: 1, superset: 2 } as const
export const cpuCompareResultName = nameOf(cpuCompareResults, 'unknown')
export const compareCpuFlags = { failIncompatible: 1, validateXml: 2 } as const

export const listDomainsFlags = {
  active: 1,
  inactive: 2,
  persistent: 4,
  transient: 8,
  running: 16,
  paused: 32,
  shutoff: 64,
  other: 128,
  managedsave: 256,
  noManagedsave: 512,
  autostart: 1024,
  noAutostart: 2048,
  hasSnapshot: 4096,
  noSnapshot: 8192,
  hasCheckpoint: 16384,
  noCheckpoint: 32768,
} as const
