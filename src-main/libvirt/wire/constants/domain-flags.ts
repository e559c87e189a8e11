// Flags of the calls on domains, libvirt-domain.h

export const xmlFlags = {
  secure: 1,
  inactive: 2,
  updateCpu: 4,
  migratable: 8,
} as const

export const createFlags = {
  paused: 1,
  autodestroy: 2,
  bypassCache: 4,
  forceBoot: 8,
  validate: 16,
  resetNvram: 32,
} as const

export const shutdownFlags = {
  acpiPowerBtn: 1,
  guestAgent: 2,
  initctl: 4,
  signal: 8,
  paravirt: 16,
} as const

export const rebootFlags = {
  acpiPowerBtn: 1,
  guestAgent: 2,
  initctl: 4,
  signal: 8,
  paravirt: 16,
} as const

export const destroyFlags = {
  graceful: 1,
  removeLogs: 2,
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

export const defineFlags = {
  validate: 1,
} as const

export const saveFlags = {
  bypassCache: 1,
  running: 2,
  paused: 4,
  resetNvram: 8,
} as const

export const affectFlags = {
  current: 0,
  live: 1,
  config: 2,
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

export const interfaceAddressSources = {
  lease: 0,
  agent: 1,
  arp: 2,
} as const

export const guestInfoTypes = {
  users: 1,
  os: 2,
  timezone: 4,
  hostname: 8,
  filesystem: 16,
  disks: 32,
  interfaces: 64,
  load: 128,
} as const

export const metadataTypes = {
  description: 0,
  title: 1,
  element: 2,
} as const

export const keycodeSets = {
  linux: 0,
  xt: 1,
  atset1: 2,
  atset2: 3,
  atset3: 4,
  osx: 5,
  'xt-kbd': 6,
  usb: 7,
  win32: 8,
  qnum: 9,
} as const
