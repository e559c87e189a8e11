// Flags of the calls on domains, libvirt-domain.h

export const xmlFlags = {
  secure: 1,
  inactive: 2,
  updateCpu: 4,
  migratable: 8,
} as const

export const undefineFlags = {
  managedSave: 1,
  snapshotsMetadata: 2,
  nvram: 4,
  keepNvram: 8,
  checkpointsMetadata: 16,
  tpm: 32,
  keepTpm: 64,
} as const

export const deviceModifyFlags = {
  current: 0,
  live: 1,
  config: 2,
  force: 4,
} as const

export const consoleFlags = {
  force: 1,
  safe: 2,
} as const
