import type { HostDetails } from '../../contract/host.ts'
import type { HostSession } from './host-session.ts'
import { memoryCounters } from './memory-counters.ts'
import { readNetworks, readPools } from './resources.ts'

const mib = (kib: number) => `${Math.round(kib / 1024).toLocaleString('en')} MiB`

/** What the host's page shows, read when it is opened. */
export async function readDetails(
  session: HostSession,
  agent: HostDetails['agent'],
  signal: AbortSignal,
): Promise<HostDetails> {
  const { connection, facts, capabilities } = session
  const options = { signal }
  const [{ capabilities: capabilitiesXml }, memory, node, network, pools] = await Promise.all([
    connection.call('connectGetCapabilities', undefined, options),
    readMemory(session, signal),
    connection.call('nodeGetInfo', undefined, options),
    readNetworks(session, signal),
    readPools(session, signal),
  ])
  return {
    cpu: [
      ['Model', facts.cpuModel],
      ['Vendor', facts.cpuVendor ?? 'unknown'],
      ['Clock', `${node.mhz} MHz`],
      ['Topology', `${node.sockets} × ${node.cores} cores × ${node.threads} threads, ${node.nodes} NUMA ${node.nodes === 1 ? 'node' : 'nodes'}`],
    ],
    memory,
    network,
    pools,
    machineTypes: [...new Set(capabilities.guests.flatMap((guest) => guest.machines.map(({ machine }) => machine.name)))].sort(),
    capabilitiesXml,
    agent,
  }
}

async function readMemory(session: HostSession, signal: AbortSignal): Promise<HostDetails['memory']> {
  const counters = await memoryCounters(session.connection, signal)
  return [...counters].map(([field, value]) => [field[0]!.toUpperCase() + field.slice(1), mib(value)])
}
