import type { HostView } from '../../../src-main/contract/host.ts'
import type { VmView } from '../../../src-main/contract/vm.ts'

/** A rack that a gang can be spread over: at least two connected hosts that bear its tag, none of which the gang comes from. */
export interface Rack {
  readonly name: string
  readonly hosts: readonly HostView[]
}

const prefix = 'rack:'

/** Racks by the tags of hosts (`rack:NAME`), in the order of their names. */
export function racksOf(hosts: readonly HostView[], from: ReadonlySet<string>): Rack[] {
  const racks = new Map<string, HostView[]>()
  for (const host of hosts) {
    const tag = host.record.tags.find((each) => each.toLowerCase().startsWith(prefix) && each.length > prefix.length)
    if (tag === undefined || from.has(host.record.id) || host.connection.state !== 'online' || host.record.maintenance) continue
    const name = tag.slice(prefix.length).trim()
    racks.set(name, [...(racks.get(name) ?? []), host])
  }
  return [...racks].flatMap(([name, members]) => (members.length < 2 ? [] : [{ name, hosts: members }])).sort((a, b) => a.name.localeCompare(b.name))
}

/** A host of the rack for each VM, the largest first to where the most memory is left. `used`: KiB that a host's VMs have. By uuid. */
export function spread(vms: readonly VmView[], hosts: readonly HostView[], used: (host: string) => number): Map<string, string> {
  const left = new Map(hosts.map(({ record, facts }) => [record.id, (facts?.memoryKiB ?? 0) - used(record.id)]))
  const chosen = new Map<string, string>()
  for (const vm of [...vms].sort((a, b) => b.memoryKiB - a.memoryKiB)) {
    const [best] = [...left].sort((a, b) => b[1] - a[1])
    if (!best) break
    chosen.set(vm.ref.uuid, best[0])
    left.set(best[0], best[1] - vm.memoryKiB)
  }
  return chosen
}
