import type { Model, ModelHost, ModelVm } from './model.ts'

/** What is on a host while a plan is being made. KiB, cores. */
export interface Bin {
  readonly host: ModelHost
  memoryKiB: number
  vcpus: number
  cpu: number
  readonly vms: Map<string, ModelVm>
  /** How many of its VMs bear a name, so that a second one is noticed without asking them all. */
  readonly names: Map<string, number>
}

/** Above this share of memory or CPU a host is crowded. */
export const crowded = 0.9

/** Which VM is where, as VMs are tried here and there. The only judge of whether a host can take a VM. */
export class Occupancy {
  readonly bins = new Map<string, Bin>()
  readonly #model: Model

  constructor(model: Model) {
    this.#model = model
    for (const host of model.hosts) this.bins.set(host.id, { host, memoryKiB: 0, vcpus: 0, cpu: 0, vms: new Map(), names: new Map() })
    for (const vm of model.vms) this.put(vm, vm.host)
  }

  put(vm: ModelVm, host: string): void {
    const bin = this.bins.get(host)
    if (!bin || bin.vms.has(vm.uuid)) return
    bin.vms.set(vm.uuid, vm)
    bin.names.set(vm.name, (bin.names.get(vm.name) ?? 0) + 1)
    if (!vm.isActive) return
    bin.memoryKiB += vm.memoryKiB
    bin.vcpus += vm.vcpus
    bin.cpu += vm.cpu
  }

  take(vm: ModelVm, host: string): void {
    const bin = this.bins.get(host)
    if (!bin?.vms.delete(vm.uuid)) return
    bin.names.set(vm.name, (bin.names.get(vm.name) ?? 1) - 1)
    if (!vm.isActive) return
    bin.memoryKiB -= vm.memoryKiB
    bin.vcpus -= vm.vcpus
    bin.cpu -= vm.cpu
  }

  /** Why the host cannot take these VMs beside those it has; null where it can. One sentence. */
  whyNot(vms: readonly ModelVm[], hostId: string): string | null {
    const bin = this.bins.get(hostId)
    if (!bin) return 'This host is not known to Drover.'
    const { host } = bin
    if (host.excluded !== null) return host.excluded
    const coming = new Set(vms.map(({ uuid }) => uuid))
    for (const vm of vms) {
      const source = this.bins.get(vm.host)?.host
      if (source && source.kind !== host.kind) return `${host.name} is ${host.kind}, ${vm.name} needs ${source.kind}.`
      if (vm.host === hostId) return `${vm.name} is on ${host.name} already.`
      if (bin.vms.has(vm.uuid)) return `${host.name} has a VM with the UUID of ${vm.name}.`
      if (bin.names.get(vm.name)) return `${host.name} has another VM named ${vm.name}.`
      const refusal = this.#model.refused?.(vm.uuid, hostId)
      if (refusal !== undefined) return refusal
      for (const { tag, rule } of this.#model.rules.tags(vm.uuid)) if (!host.tags.has(tag)) return `${vm.name} must be on a host tagged ${tag} (rule “${rule}”); ${host.name} is not.`
      for (const group of this.#model.rules.apart(vm.uuid)) {
        for (const other of group.members) {
          if (other === vm.uuid) continue
          if (coming.has(other)) return `${vm.name} must be apart from ${this.#nameOf(other)} (rule “${group.name}”), and another rule keeps them together.`
          if (bin.vms.has(other)) return `${vm.name} must be apart from ${this.#nameOf(other)} (rule “${group.name}”), which is on ${host.name}.`
        }
      }
      for (const group of this.#model.rules.together(vm.uuid)) {
        const apart = this.#elsewhere(group.members, coming, hostId)
        if (apart) return `${vm.name} must be with ${apart.vm.name} (rule “${group.name}”), which is on ${apart.host.name}.`
      }
    }
    const needed = vms.reduce((sum, vm) => sum + (vm.isActive ? vm.memoryKiB : 0), 0)
    if (needed > 0 && bin.memoryKiB + needed > host.capacityKiB) {
      return `${host.name} has ${gib(Math.max(0, host.capacityKiB - bin.memoryKiB))} GiB of memory left for VMs; ${vms.length === 1 ? vms[0]!.name : 'they'} ${vms.length === 1 ? 'needs' : 'need'} ${gib(needed)}.`
    }
    return null
  }

  /** What a host adds to what local search lowers, with so much more or less on it: it grows steeply for the fullest, so that lowering the sum evens the load. */
  cost({ host, memoryKiB, cpu }: Bin, moreMemoryKiB = 0, moreCpu = 0): number {
    if (host.excluded !== null) return 0
    return ((memoryKiB + moreMemoryKiB) / Math.max(1, host.memoryKiB)) ** 8 + ((cpu + moreCpu) / Math.max(1, host.cpus)) ** 8
  }

  /** A member of the group that is on another host and does not come along. Where the group is torn already, any host that has one of it will do. */
  #elsewhere(members: ReadonlySet<string>, coming: ReadonlySet<string>, hostId: string): { vm: ModelVm; host: ModelHost } | null {
    let found: { vm: ModelVm; host: ModelHost } | null = null
    for (const bin of this.bins.values()) {
      for (const uuid of members) {
        const vm = coming.has(uuid) ? undefined : bin.vms.get(uuid)
        if (!vm) continue
        if (bin.host.id === hostId) return null
        found ??= { vm, host: bin.host }
      }
    }
    return found
  }

  #nameOf(uuid: string): string {
    return this.#model.vms.find((vm) => vm.uuid === uuid)?.name ?? uuid
  }
}

/** KiB as GiB for a sentence. */
export function gib(kib: number): string {
  const value = kib / 1024 / 1024
  return value >= 10 ? value.toFixed(0) : value.toFixed(1)
}
