import type { AgentMoveRequest } from '../../host/agent/agent-move.ts'
import type { AgentLink } from '../../host/agent/agent-link.ts'
import type { HostDirectory } from '../../host/host-session.ts'
import type { OpenJob } from '../../job/open-job.ts'
import type { Assembled } from '../engines/engine.ts'
import { isRelayed } from '../plan/relayed.ts'
import { withoutPort } from './addresses.ts'
import type { Gangs, GangHost } from './gangs.ts'
import { rackOf } from './racks.ts'

/** Pages that a destination keeps for the others of a gang, in MiB; its agent takes less where its host has little to spare. */
const storeMiB = 1024
/** Of them, for pages of VMs that run at the destination anyway, in MiB. */
const residentMiB = 256
/** VMs of a gang that may stand still for their switch at a time: each then has the whole link for what is left. */
const switching = 1

/** What a move asks of agents beside those of its two ends, and how its memory goes through them. */
export type Relayed = Pick<AgentMoveRequest, 'depots' | 'relay'>

export interface RelayParts {
  readonly agents: { link(host: string): AgentLink }
  readonly hosts: Pick<HostDirectory, 'list' | 'name' | 'session'>
  readonly gangs: Gangs
}

/** Makes ready what a move's memory goes through; null where QEMU speaks to QEMU. `leave` frees it when the move is over. Rejects as the agents' links do. */
export async function relayedMove(job: OpenJob, move: Assembled, address: string, parts: RelayParts, signal: AbortSignal): Promise<{ readonly relayed: Relayed | null; leave(): void }> {
  const { options } = move.plan
  if (!isRelayed(options.technique)) return { relayed: null, leave() {} }
  if (options.technique === 'scatter') {
    const { replicas, gatherMiBps } = options
    const depots = move.depots.chosen.map(({ host, name, address: at, capacityMiB }) => ({ name, link: parts.agents.link(host), address: at, carries: 'pages' as const, capacityMiB }))
    return { relayed: { depots, relay: (held) => ({ mode: 'scatter', replicas, gatherMiBps, depots: [...held] }) }, leave() {} }
  }
  const { id, size, index, destinations } = job.view.gang ?? { id: `gang-${job.id}`.slice(0, 64), size: 1, index: 0, destinations: [] }
  const { destination } = move.plan
  const { hosts, gangs } = parts
  const { way, leave } = await gangs.join({ id, size }, { host: destination, name: move.destination.name, address }, otherDestinations(destination, destinations, hosts), signal)
  const record = hosts.list().find((each) => each.id === destination)
  const gang = { id, vm: index, vms: size, destination, rack: record ? rackOf(record) : null, reaches: [...way.reaches], storeMiB, residentMiB, bandwidthMiBps: options.bandwidthMiBps, switching }
  return { relayed: { relay: () => ({ mode: 'gang', gang, route: way.route }) }, leave }
}

function otherDestinations(own: string, all: readonly string[], hosts: RelayParts['hosts']): GangHost[] {
  return all.flatMap((host) => {
    const address = host === own ? null : addressOf(host, hosts)
    return address === null ? [] : [{ host, name: hosts.name(host), address }]
  })
}

/** What other agents dial there: as set for the host, else what was found. A port in it is QEMU's. */
function addressOf(host: string, hosts: RelayParts['hosts']): string | null {
  try {
    const { facts } = hosts.session(host)
    return withoutPort(hosts.list().find(({ id }) => id === host)?.migrationAddress ?? facts.migrationAddresses[0] ?? facts.hostname)
  } catch {
    // It is away: the gang does without.
    return null
  }
}
