/**
 * A QEMU machine type. `pc-q35-7.2` is family `pc-q35`, version 7.2; `pc-q35-rhel9.4.0` the same family with vendor `rhel`;
 * `q35`, `pc` and `virt` are aliases that every QEMU resolves to its newest. Debian and upstream share versions, vendors have their own.
 */
export interface MachineType {
  readonly name: string
  /** What must be equal for two machine types to be versions of one machine. `pc` counts as `pc-i440fx`, `q35` as `pc-q35`. */
  readonly family: string
  /** `rhel`, `noble`, ... where a distribution keeps machines of its own; undefined for upstream's. */
  readonly vendor: string | undefined
  /** Numbers of the version, most significant first; empty for an alias or a machine without versions (`microvm`, `none`). */
  readonly version: readonly number[]
}

const ALIASES: Readonly<Record<string, string>> = { pc: 'pc-i440fx', q35: 'pc-q35' }
// The version always has a dot, else the 35 of `pc-q35-7.2` would be one. A vendor stands before it (rhel9.4.0) or behind it (6.2-hpb).
const VERSIONED = /^([a-z0-9-]+?)-([a-z]*)(\d{1,4}(?:\.\d{1,4}){1,3})(?:-([a-z0-9.-]+))?$/i
// Ubuntu names releases instead of versions: pc-q35-noble, pc-i440fx-jammy-hpb.
const NAMED = /^(pc-q35|pc-i440fx|virt|s390-ccw-virtio|pseries)-([a-z][a-z0-9-]*)$/i

/** Never fails: what has no version is its own family. */
export function parseMachineType(name: string): MachineType {
  const versioned = name.length < 200 ? VERSIONED.exec(name) : null
  if (versioned) {
    const [, family = name, prefix = '', version = '', suffix = ''] = versioned
    return {
      name,
      family: ALIASES[family] ?? family,
      vendor: [prefix, suffix].filter(Boolean).join('-') || undefined,
      version: version.split('.').map(Number),
    }
  }
  const named = NAMED.exec(name)
  if (named) return { name, family: named[1] ?? name, vendor: named[2], version: [] }
  return { name, family: ALIASES[name] ?? name, vendor: undefined, version: [] }
}

/** Whether the name carries neither version nor release, so that it may mean different machines on different hosts. */
export function isMachineAlias(machine: MachineType): boolean {
  return machine.version.length === 0 && machine.vendor === undefined
}

/** Negative where `a` is older than `b`, 0 where equal, undefined where they are no versions of one machine. */
export function compareMachineTypes(a: MachineType, b: MachineType): number | undefined {
  if (a.name === b.name) return 0
  if (a.family !== b.family || a.vendor !== b.vendor || a.version.length === 0 || b.version.length === 0) return undefined
  return compareVersions(a.version, b.version)
}

/** Compares dotted versions number by number; missing numbers are 0, so 8.1 equals 8.1.0. */
export function compareVersions(a: readonly number[], b: readonly number[]): number {
  for (let at = 0; at < Math.max(a.length, b.length); at += 1) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}
