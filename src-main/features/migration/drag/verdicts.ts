import type { HostView } from '../../../contract/host.ts'
import type { HostVerdict } from '../../../contract/migration.ts'
import type { VmRef, VmView } from '../../../contract/vm.ts'
import type { Inventory } from '../../vm/inventory.ts'

type Seen = Pick<Inventory, 'host' | 'hosts' | 'vm' | 'vms' | 'hostRow'>

/** What all VMs of a host come to, counted once per drag. KiB. */
interface Load {
  memoryKiB: number
  readonly uuids: Map<string, VmView>
  readonly names: Map<string, VmView>
}

const movable = new Set(['running', 'paused', 'suspended', 'off', 'crashed', 'shutting-down'])

/** Which of the hosts the VMs could be dropped on, from what is shown already: one verdict for each host, one reason each, the worst first. */
export function verdictsFor(vms: readonly VmRef[], inventory: Seen): HostVerdict[] {
  const moved = vms.map((ref) => inventory.vm(ref))
  const loads = countLoads(inventory)
  const present = moved.filter((vm) => vm !== undefined)
  const wanted = present.filter(({ state }) => state !== 'off').reduce((sum, vm) => sum + vm.memoryKiB, 0)
  const stuck = moved.includes(undefined) ? 'A VM of the selection is gone.' : reasonToStay(present, inventory)
  return [...inventory.hosts()].map((host) => {
    if (stuck) return verdict(host, 'blocked', stuck)
    const load = loads.get(host.record.id) ?? emptyLoad()
    const blocked = blockedBy(host, present, load, wanted, inventory)
    if (blocked) return verdict(host, 'blocked', blocked)
    const warned = warnedOf(host, present, load, wanted, inventory)
    return warned ? verdict(host, 'warns', warned) : verdict(host, 'fits', roomOf(host, load, inventory))
  })
}

function verdict(host: HostView, kind: HostVerdict['verdict'], reason: string): HostVerdict {
  return { host: host.record.id, verdict: kind, reason }
}

/** Why a VM cannot be moved anywhere. */
function reasonToStay(vms: readonly VmView[], inventory: Seen): string | null {
  for (const vm of vms) {
    if (vm.job !== null) return `${vm.name} is being moved already.`
    if (vm.state === 'saved' || vm.hasManagedSave) return `${vm.name} has a saved state: start it first.`
    if (!movable.has(vm.state)) return `${vm.name} cannot be moved while it is ${vm.state}.`
    const source = inventory.host(vm.ref.host)
    if (source?.connection.state !== 'online') return `${source?.name ?? 'Its host'} is not connected.`
    if (!source.connection.isWritable) return `${source.name} can only be looked at.`
    if (vm.state === 'off' && !vm.isPersistent) return `${vm.name} is off and has no definition.`
  }
  return null
}

function blockedBy(host: HostView, vms: readonly VmView[], load: Load, wanted: number, inventory: Seen): string | null {
  if (vms.every(({ ref }) => ref.host === host.record.id)) return vms.length === 1 ? `${vms[0]?.name} is here already.` : 'They are here already.'
  if (host.connection.state !== 'online' || !host.facts) return `${host.name} is not connected.`
  if (!host.connection.isWritable) return `${host.name} can only be looked at.`
  const { facts } = host
  for (const vm of vms) {
    if (vm.ref.host === host.record.id) continue
    const source = inventory.host(vm.ref.host)?.facts
    if (source && source.arch !== facts.arch) return `${host.name} is ${facts.arch}, ${vm.name} needs ${source.arch}.`
    if (source && source.hypervisor !== facts.hypervisor) return `${host.name} runs ${facts.hypervisor}, not ${source.hypervisor}.`
    if (load.uuids.has(vm.ref.uuid)) return `${host.name} has a VM with the same UUID.`
    if (load.names.has(vm.name)) return `${host.name} has another VM named ${vm.name}.`
  }
  if (wanted > facts.memoryKiB) return `${formatGiB(wanted)} GiB of memory needed, ${host.name} has ${formatGiB(facts.memoryKiB)}.`
  return null
}

function warnedOf(host: HostView, vms: readonly VmView[], load: Load, wanted: number, inventory: Seen): string | null {
  const { facts } = host
  if (!facts) return null
  if (host.record.maintenance) return `${host.name} is in maintenance${host.record.maintenance.reason ? `: ${host.record.maintenance.reason}` : '.'}`
  const free = freeKiB(host, load, inventory)
  const coming = vms.filter(({ ref }) => ref.host !== host.record.id)
  if (wanted > free) return `${formatGiB(wanted)} GiB of memory needed, ${formatGiB(free)} free.`
  for (const vm of coming) {
    const source = inventory.host(vm.ref.host)?.facts
    if (!source) continue
    if (vm.vcpus > facts.cpus && vm.state !== 'off') return `${vm.name} has ${vm.vcpus} vCPUs, ${host.name} ${facts.cpus}.`
    if (source.cpuVendor !== null && facts.cpuVendor !== null && source.cpuVendor !== facts.cpuVendor) return `Its CPUs are by ${facts.cpuVendor}, those of ${vm.name} by ${source.cpuVendor}.`
    if (isOlder(facts.hypervisorVersion, source.hypervisorVersion)) return `Its QEMU ${facts.hypervisorVersion} is older than ${source.hypervisorVersion}.`
    if (facts.cpuModel !== source.cpuModel) return `Its CPU is ${facts.cpuModel}, not ${source.cpuModel}.`
  }
  return null
}

function roomOf(host: HostView, load: Load, inventory: Seen): string {
  return `${formatGiB(freeKiB(host, load, inventory))} GiB of memory free.`
}

/** Measured where there is a sample, else what its running VMs leave. */
function freeKiB(host: HostView, load: Load, inventory: Seen): number {
  const total = host.facts?.memoryKiB ?? 0
  const used = inventory.hostRow(host.n)?.memory
  return Math.max(0, total - (used ?? load.memoryKiB))
}

function countLoads(inventory: Seen): Map<string, Load> {
  const loads = new Map<string, Load>()
  for (const vm of inventory.vms()) {
    let load = loads.get(vm.ref.host)
    if (!load) loads.set(vm.ref.host, (load = emptyLoad()))
    if (vm.state !== 'off') load.memoryKiB += vm.memoryKiB
    load.uuids.set(vm.ref.uuid, vm)
    load.names.set(vm.name, vm)
  }
  return loads
}

function emptyLoad(): Load {
  return { memoryKiB: 0, uuids: new Map(), names: new Map() }
}

function isOlder(version: string, than: string): boolean {
  const [a, b] = [version, than].map((text) => text.split('.').map(Number))
  for (let i = 0; i < 3; i++) if ((a?.[i] ?? 0) !== (b?.[i] ?? 0)) return (a?.[i] ?? 0) < (b?.[i] ?? 0)
  return false
}

function formatGiB(kib: number): string {
  const gib = kib / 1024 / 1024
  return gib >= 10 ? gib.toFixed(0) : gib.toFixed(1)
}
