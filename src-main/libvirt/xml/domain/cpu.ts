import { kibibytes, many, one, or, shape, text, whole, word, yes, type Read } from '../read.ts'

const CPU_FEATURE_POLICIES = ['force', 'require', 'optional', 'disable', 'forbid'] as const

/** Sockets, dies, clusters, cores, threads; absent levels count as 1. */
export const readCpuTopology = shape({
  sockets: or(whole('@sockets'), 1),
  dies: or(whole('@dies'), 1),
  clusters: or(whole('@clusters'), 1),
  cores: or(whole('@cores'), 1),
  threads: or(whole('@threads'), 1),
})
export type CpuTopology = Read<typeof readCpuTopology>

/** `<maxphysaddr>`: the width of guest-physical addresses, which must not shrink on the way. */
export const readMaxPhysAddr = shape({ mode: word('@mode', ['emulate', 'passthrough']), bits: whole('@bits'), limit: whole('@limit') })

export const readCpuFeature = shape({
  name: or(text('@name'), ''),
  /** `require` where nothing is said. */
  policy: or(word('@policy', CPU_FEATURE_POLICIES), 'require'),
})
export type CpuFeature = Read<typeof readCpuFeature>

const NUMA_CELL = shape({
  id: whole('@id'),
  /** Guest CPUs, such as `0-3`. */
  cpus: text('@cpus'),
  /** KiB. */
  memory: or(kibibytes('@memory'), 0),
  access: word('@memAccess', ['shared', 'private']),
  isDiscarded: yes('@discard'),
})

/** The guest's `<cpu>`. https://libvirt.org/formatdomain.html#cpu-model-and-topology */
export const readCpu = shape({
  /** `custom` where nothing is said but a model stands there. */
  mode: word('@mode', ['custom', 'host-model', 'host-passthrough', 'maximum']),
  match: word('@match', ['minimum', 'exact', 'strict']),
  /** `full` in the XML of a running guest whose CPU libvirt has verified: its features are then all that it sees. */
  check: word('@check', ['none', 'partial', 'full']),
  /** For host-passthrough: leave out what cannot be migrated, invtsc above all. */
  isMigratable: yes('@migratable'),
  model: text('model'),
  fallback: word('model/@fallback', ['allow', 'forbid']),
  vendor: text('vendor'),
  vendorId: text('model/@vendor_id'),
  features: many('feature', readCpuFeature),
  topology: one('topology', readCpuTopology),
  numaCells: many('numa/cell', NUMA_CELL),
  maxPhysAddr: one('maxphysaddr', readMaxPhysAddr),
  cacheMode: word('cache/@mode', ['emulate', 'passthrough', 'disable']),
})
export type Cpu = Read<typeof readCpu>
