import type { Duplex } from 'node:stream'
import { lifecycleDetails, lifecycleEvents, type LifecycleEventName } from '../../libvirt/wire/constants/lifecycle.ts'
import type { Machine } from '../machine.ts'
import type { World } from '../world.ts'
import { displayAt, displayedAt } from '../xml/vm-xml.ts'
import { SimulatedAgent } from '../agent/simulated-agent.ts'
import { connectCalls } from './connect-calls.ts'
import { Domain, type State } from './domain.ts'
import { domainCalls } from './domain-calls.ts'
import { migrationCalls } from './migration-calls.ts'
import { namesOf } from './names-of.ts'
import { nodeCalls } from './node-calls.ts'
import { Refusal } from './refusal.ts'
import { Session, type Handlers } from './session.ts'
import { storageCalls } from './storage-calls.ts'

/** Where libvirt begins to look for a free port: `remote_display_port_min` of qemu.conf. */
const firstDisplayPort = 5900

/** The libvirt daemon of one simulated host. */
export class Daemon {
  readonly world: World
  readonly machine: Machine
  readonly #handlers: Handlers
  #agent: SimulatedAgent | null = null

  constructor(world: World, machine: Machine) {
    this.world = world
    this.machine = machine
    this.#handlers = { ...connectCalls(this), ...nodeCalls(this), ...domainCalls(this), ...storageCalls(this), ...migrationCalls(this) }
    machine.onDidCrash(() => this.endAgent())
  }

  /** The agent of this host, started when it is first asked for, and again after the machine was down. */
  agent(version: string): SimulatedAgent {
    if (this.#agent?.version !== version) {
      this.#agent?.dispose()
      this.#agent = new SimulatedAgent(this, version)
    }
    return this.#agent
  }

  /** Whether an agent of any version is serving. */
  get hasAgent(): boolean {
    return this.#agent !== null
  }

  serve(stream: Duplex, isReadOnly: boolean): void {
    const session = new Session(stream, { handlers: this.#handlers, isReadOnly, before: () => this.world.clock.catchUp() })
    this.machine.sessions.add(session)
    session.onDidClose(() => this.machine.sessions.delete(session))
  }

  endAgent(): void {
    this.#agent?.dispose()
    this.#agent = null
  }

  /** Resolves after so many virtual ms of this host's work. */
  work(milliseconds: number): Promise<void> {
    return new Promise((resolve) => this.world.clock.after(milliseconds, resolve))
  }

  /** By UUID, as libvirt finds it. */
  domain(ref: { readonly uuid: string; readonly name: string }): Domain {
    const domain = this.machine.domains.get(ref.uuid)
    if (!domain) throw new Refusal('VIR_ERR_NO_DOMAIN', `Domain not found: no domain with matching uuid '${ref.uuid}' (${ref.name})`)
    return domain
  }

  active(ref: { readonly uuid: string; readonly name: string }): Domain {
    const domain = this.domain(ref)
    if (!domain.isActive) throw new Refusal('VIR_ERR_OPERATION_INVALID', 'Requested operation is not valid: domain is not running')
    return domain
  }

  /** A domain that no migration has in hand. */
  free(domain: Domain): Domain {
    if (domain.job) throw new Refusal('VIR_ERR_OPERATION_TIMEOUT', 'Timed out during operation: cannot acquire state change lock (held by monitor=remoteDispatchDomainMigratePerform3Params)')
    return domain
  }

  define(xml: string): Domain {
    const { name, uuid } = namesOf(xml)
    const known = this.machine.domains.get(uuid)
    if (known) {
      known.inactiveXml = xml
      this.lifecycle(known, 'defined', 'updated')
      return known
    }
    if ([...this.machine.domains.values()].some((each) => each.name === name)) throw new Refusal('VIR_ERR_OPERATION_FAILED', `operation failed: domain '${name}' already exists with another uuid`)
    const domain = new Domain({ uuid, name, guest: this.world.guestOf(uuid, xml), inactiveXml: xml })
    this.machine.domains.set(uuid, domain)
    this.lifecycle(domain, 'defined', 'added')
    return domain
  }

  /** A QEMU for the domain, with its CPUs running or not. */
  boot(domain: Domain, state: State): void {
    this.embody(domain, domain.liveXml ?? domain.inactiveXml ?? '')
    domain.state = state
    if (state.state === 'running') domain.guest.run(this.world.clock.lived)
  }

  /** A QEMU that runs nothing yet: the domain has an id, and its display a port. */
  embody(domain: Domain, xml: string): void {
    const taken = new Set([...this.machine.domains.values()].map(({ displayPort }) => displayPort))
    let port = firstDisplayPort
    while (taken.has(port)) port++
    domain.id = this.machine.claimId()
    domain.liveXml = displayedAt(xml, port)
    domain.displayPort = domain.liveXml.includes(displayAt(port)) ? port : null
  }

  /** The domain's QEMU is no more; a transient one goes with it. */
  end(domain: Domain, reason: 'shutdown' | 'destroyed' | 'crashed' | 'migrated' | 'saved' | 'failed', guestStays = false): void {
    if (!guestStays) domain.guest.reset(this.world.clock.lived)
    domain.cease()
    domain.dirtyRate = null
    domain.state = { state: 'shutoff', reason }
    this.lifecycle(domain, 'stopped', reason)
    if (!domain.isPersistent) this.machine.domains.delete(domain.uuid)
  }

  lifecycle<N extends LifecycleEventName>(domain: Domain, event: N, detail: keyof (typeof lifecycleDetails)[N]): void {
    const number = lifecycleDetails[event][detail] as number
    for (const session of this.machine.sessions) session.tell('lifecycle', { dom: domain.ref, event: lifecycleEvents[event], detail: number })
  }

  /** A page of QEMU's monitor. */
  monitor(domain: Domain, event: string, data: object): void {
    for (const session of this.machine.sessions) session.tellMonitor(domain.ref, event, JSON.stringify(data), Date.now())
  }
}
