import type { HostView } from '../../../src-main/contract/host.ts'
import type { VmView } from '../../../src-main/contract/vm.ts'

/** What a VM does on average; percent of all its vCPUs, bytes a second. */
export interface VmFigures {
  readonly cpuPercent: number
  readonly networkBps: number
  readonly diskBps: number
}

export interface InventoryToTake {
  readonly hosts: readonly HostView[]
  readonly vms: readonly VmView[]
  figures(vm: VmView): VmFigures | null
  /** Numbers instead of names: `host-1`, `vm-1`. */
  readonly isAnonymous: boolean
}

/** Of the wire between hosts nothing is known from the inventory. */
const usualMbps = 10_000
/** Disks are not in the inventory: each VM is given one in storage that all hosts share. */
const pool = { name: 'shared', path: '/srv/shared', capacityGiB: 100_000, shared: 'shared' }

/**
 * A description of a demo lab that looks like these hosts and VMs. Only what is named here is taken: sizes, models, versions, loads, states, and names unless they
 * are left out. No address, UUID, title, tag, disk, definition or key is ever in it.
 */
export function labOfInventory({ hosts, vms, figures, isAnonymous }: InventoryToTake): object {
  const name = namer(isAnonymous)
  const known = hosts.flatMap((host) => (host.facts ? [{ host, facts: host.facts, id: name('host', host.name) }] : []))
  const idOf = new Map(known.map(({ host, id }) => [host.record.id, id]))
  return {
    name: 'my-lab',
    title: 'My lab',
    description: 'Taken from an inventory: sizes and loads as they were then, links and disks assumed.',
    hosts: known.map(({ facts, id }) => ({
      id,
      cpus: facts.cpus,
      memoryMiB: Math.max(1024, Math.round(facts.memoryKiB / 1024)),
      cpuModel: facts.cpuModel,
      ...(facts.cpuMhz > 0 ? { cpuMhz: facts.cpuMhz } : {}),
      libvirtVersion: facts.libvirtVersion,
      qemuVersion: facts.hypervisorVersion,
      link: { mbps: usualMbps },
      pools: [pool],
    })),
    vms: vms.flatMap((vm) => {
      const host = idOf.get(vm.ref.host)
      // A copy that is arriving is the same VM once more.
      if (host === undefined || vm.state === 'incoming') return []
      const load = figures(vm)
      return [
        {
          name: name('vm', vm.name),
          host,
          memoryMiB: Math.max(1, Math.round(vm.memoryKiB / 1024)),
          vcpus: vm.vcpus,
          process: { kind: processOf(load?.cpuPercent ?? 0) },
          ...(load ? { cpuPercent: Math.round(Math.min(100, load.cpuPercent)), networkKiBps: Math.round(load.networkBps / 1024), diskKiBps: Math.round(load.diskBps / 1024) } : {}),
          disks: [{ pool: pool.name, sizeGiB: 20 }],
          state: vm.state === 'running' ? 'running' : vm.state === 'paused' ? 'paused' : 'off',
          autostart: vm.hasAutostart,
        },
      ]
    }),
  }
}

/** How a guest writes to its memory cannot be seen from outside; its CPU is the best guess. */
function processOf(cpuPercent: number): 'idle' | 'web' | 'database' | 'compile' {
  return cpuPercent < 5 ? 'idle' : cpuPercent < 30 ? 'web' : cpuPercent < 80 ? 'database' : 'compile'
}

/** Names as a lab may have them, each once. */
function namer(isAnonymous: boolean): (kind: 'host' | 'vm', text: string) => string {
  const taken = { host: new Set<string>(), vm: new Set<string>() }
  return (kind, text) => {
    const plain = isAnonymous ? '' : text.replace(/[^A-Za-z0-9.-]+/g, '-').replace(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, '')
    let found = plain
    for (let n = 1; found === '' || taken[kind].has(found); n++) found = plain === '' ? `${kind}-${n}` : `${plain}-${n + 1}`
    taken[kind].add(found)
    return found
  }
}
