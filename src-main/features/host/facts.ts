import { isIP } from 'node:net'
import type { HostFacts } from '../../contract/host.ts'
import type { Connection } from '../../libvirt/client/connection.ts'
import type { Capabilities } from '../../libvirt/xml/capabilities/host.ts'
import { memoryCounters } from './memory-counters.ts'
import type { Transport } from '../../transport/transport.ts'

/** libvirt packs versions as major * 1,000,000 + minor * 1,000 + release. */
export function versionText(packed: bigint | number): string {
  const n = Number(packed)
  return `${Math.floor(n / 1_000_000)}.${Math.floor(n / 1000) % 1000}.${n % 1000}`
}

/** Reads what a host is, in one round of pipelined calls. */
export async function readFacts(connection: Connection, transport: Transport, capabilities: Capabilities, signal: AbortSignal): Promise<HostFacts> {
  const options = { signal }
  const [hostname, node, library, hypervisor, kind, memory, addresses] = await Promise.all([
    connection.call('connectGetHostname', undefined, options),
    connection.call('nodeGetInfo', undefined, options),
    connection.call('connectGetLibVersion', undefined, options),
    connection.call('connectGetVersion', undefined, options),
    connection.call('connectGetType', undefined, options),
    memoryCounters(connection, signal).catch(() => new Map<string, number>()),
    readAddresses(transport, signal),
  ])
  return {
    hostname: hostname.hostname,
    hostUuid: capabilities.host.uuid ?? null,
    arch: capabilities.host.cpu?.architecture ?? 'unknown',
    cpuModel: capabilities.host.cpu?.model ?? node.model,
    cpuVendor: capabilities.host.cpu?.vendor ?? null,
    cpus: node.cpus,
    cpuMhz: node.mhz,
    // nodeGetInfo adds up NUMA cells and misses memory that was plugged in later; the counters are the kernel's own.
    memoryKiB: memory.get('total') ?? Number(node.memory),
    libvirtVersion: versionText(library.libVer),
    hypervisor: kind.type,
    hypervisorVersion: versionText(hypervisor.hvVer),
    migrationAddresses: addresses,
  }
}

interface IpAddress {
  readonly ifname: string
  readonly operstate: string
  readonly addr_info?: readonly { readonly family: string; readonly local: string; readonly scope: string }[]
}

/** Bridges and interfaces that only guests of this host see. */
const inward = /^(lo|virbr|docker|br-|veth|vnet|tap|cni|flannel|podman|lxc|lxd)/

/**
 * Addresses by which other hosts may reach this one, the one we came by first. Empty where no command may be run there: then the name
 * that libvirt gives is all there is.
 */
export async function readAddresses(transport: Transport, signal: AbortSignal): Promise<string[]> {
  const own = /^ssh:\/\/(?:[^@/]*@)?\[?([^\]/]+?)\]?(?::\d+)?$/.exec(transport.address)?.[1]
  const found: string[] = own && isIP(own) ? [own] : []
  try {
    const { code, stdout } = await transport.exec(['ip', '-j', 'addr', 'show', 'up'], { signal, deadlineMs: 5_000 })
    if (code === 0) {
      for (const link of JSON.parse(stdout) as IpAddress[]) {
        if (inward.test(link.ifname)) continue
        for (const { local, scope } of link.addr_info ?? []) if (scope === 'global' && !found.includes(local)) found.push(local)
      }
    }
  } catch {
    signal.throwIfAborted()
    // Without a shell there, or with an `ip` that knows no JSON, the address that we dialled is what we know.
  }
  return found
}
