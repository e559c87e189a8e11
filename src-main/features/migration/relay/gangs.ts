import { within } from '../../../base/abort.ts'
import type { DestinationRoute } from '../../../agent/protocol/destination-route.ts'
import type { AgentLink } from '../../host/agent/agent-link.ts'
import { openJobTunnels, type JobTunnels, type Listening } from '../../host/agent/job-tunnels.ts'

/** A host that takes part in a gang's listeners, with the address that other agents dial. */
export interface GangHost {
  readonly host: string
  readonly name: string
  readonly address: string
}

/** How a VM's pages get to its destination: from the source, and from the gang's other destinations. */
export interface GangWay {
  readonly route: DestinationRoute
  /** `from`: the other destination's id. */
  readonly reaches: readonly { readonly from: string; readonly route: DestinationRoute }[]
}

interface Group {
  readonly hosts: readonly GangHost[]
  readonly tunnels: Promise<{ readonly tunnels: JobTunnels; readonly hosts: readonly GangHost[] }>
  members: number
  joined: number
  closing: NodeJS.Timeout | undefined
}

export interface GangsOptions {
  readonly agents: { link(host: string): AgentLink }
  readonly ports: () => readonly [number, number]
  /** Milliseconds that the listeners stay open while members that were announced have not come yet: shorter than the source's agent waits for them (gang.ts), which then ends them itself. */
  readonly lingerMs?: number
}

/** Milliseconds for the agent of another VM's destination. */
const otherMs = 4_000

/** The listeners of gangs, one at each destination: opened by the first VM, closed behind the last. */
export class Gangs {
  readonly #options: GangsOptions
  readonly #groups = new Map<string, Group>()

  constructor(options: GangsOptions) {
    this.#options = options
  }

  /**
   * Lets a VM join its gang. `others`: the gang's other destinations; those without an agent are left out, for their own VMs will tell. Rejects as the links do. `leave` must be called when the VM's move is over.
   */
  async join(gang: { readonly id: string; readonly size: number }, destination: GangHost, others: readonly GangHost[], signal: AbortSignal): Promise<{ readonly way: GangWay; leave(): void }> {
    const id = this.#idFor(gang.id, destination.host)
    const group = this.#groups.get(id) ?? this.#open(id, [destination, ...others.filter(({ host }) => host !== destination.host)])
    clearTimeout(group.closing)
    group.members++
    group.joined++
    let isIn = true
    const leave = () => {
      if (!isIn) return
      isIn = false
      group.members--
      if (group.members === 0) this.#rest(id, group, gang.size)
    }
    try {
      const { tunnels, hosts } = await group.tunnels
      signal.throwIfAborted()
      const at = hosts.findIndex(({ host }) => host === destination.host)
      const route = tunnels.routes[at]
      if (!route) throw new Error('the gang has no listener at its destination')
      const reaches = hosts.flatMap(({ host }, i) => {
        const way = i === at ? null : tunnels.between(i, at)
        return way ? [{ from: host, route: way }] : []
      })
      return { way: { route, reaches }, leave }
    } catch (thrown) {
      leave()
      throw thrown
    }
  }

  /** A destination that the gang's listeners were not opened for gets some of its own. */
  #idFor(gang: string, destination: string): string {
    for (let n = 1; ; n++) {
      const id = n === 1 ? gang : `${gang.slice(0, 60)}-${n}`
      const group = this.#groups.get(id)
      if (!group || group.hosts.some(({ host }) => host === destination)) return id
    }
  }

  #open(id: string, hosts: readonly GangHost[]): Group {
    const group: Group = { hosts, tunnels: this.#listen(id, hosts), members: 0, joined: 0, closing: undefined }
    this.#groups.set(id, group)
    group.tunnels.catch(() => {
      if (this.#groups.get(id) === group) this.#groups.delete(id)
    })
    return group
  }

  async #listen(id: string, hosts: readonly GangHost[]): Promise<{ tunnels: JobTunnels; hosts: readonly GangHost[] }> {
    const { agents, ports } = this.#options
    const [first, ...others] = hosts
    const ready = await Promise.all(others.map((other) => within(otherMs, 'Starting an agent', agents.link(other.host).ready()).then(() => other, () => null)))
    const all = [...(first ? [first] : []), ...ready.filter((each) => each !== null)]
    const at = all.map(({ host, name, address }): Listening => ({ name, link: agents.link(host), address, carries: 'pages' }))
    return { tunnels: await openJobTunnels({ job: id, at, ports: ports() }), hosts: all }
  }

  #rest(id: string, group: Group, size: number): void {
    const close = () => {
      if (this.#groups.get(id) !== group || group.members > 0) return
      this.#groups.delete(id)
      void group.tunnels.then(({ tunnels }) => tunnels.close()).catch(() => {})
    }
    if (group.joined >= size) close()
    else group.closing = setTimeout(close, this.#options.lingerMs ?? 45_000).unref()
  }
}
