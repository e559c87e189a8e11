import { isIP } from 'node:net'
import type { MovePlan, Route } from '../../../contract/migration.ts'
import { Failure } from '../../../base/failure.ts'
import type { HostDirectory } from '../../host/host-session.ts'
import type { Assembled } from '../engines/engine.ts'
import type { NetLink } from '../host-facts/net-links.ts'
import { HostFactsReader } from '../host-facts/host-facts-reader.ts'
import type { PreflightSide } from '../preflight/check.ts'
import { findRoute } from '../route/find-route.ts'
import type { Depots } from '../relay/depots.ts'
import { probe } from '../route/probe.ts'
import { copiedDisks } from '../storage/copied-disks.ts'
import { readVm, type VmOnHost } from '../vm/read-vm.ts'

/** Readers of hosts that several plans of one preflight share. */
export class Readers {
  readonly #hosts: Pick<HostDirectory, 'session'>
  readonly #signal: AbortSignal
  readonly #byHost = new Map<string, HostFactsReader>()

  constructor(hosts: Pick<HostDirectory, 'session'>, signal: AbortSignal) {
    this.#hosts = hosts
    this.#signal = signal
  }

  /** Throws `host-unknown` or `host-offline`. */
  of(host: string): HostFactsReader {
    let reader = this.#byHost.get(host)
    if (!reader) this.#byHost.set(host, (reader = new HostFactsReader(this.#hosts.session(host), this.#signal)))
    return reader
  }
}

const noDepots: Depots = { chosen: [], others: [], passedOver: [] }

/** How the memory is to go over. */
export interface Way {
  readonly route: Route | null
  /** Where the destination's QEMU is to listen; null for libvirt's default. */
  readonly listenAddress: string | null
  /** Whether the source gets through to where the destination's agent will listen. */
  readonly agentProbe: Route['probe']
  /** Mbit/s of the device by which the destination receives; null where it is not known. */
  readonly inMbps: number | null
}

/** Asks both hosts about a plan. Rejects with `same-host`, `vm-gone`, `host-offline`, or what libvirt says. */
export async function assemble(options: {
  plan: MovePlan
  hosts: Pick<HostDirectory, 'session' | 'record'>
  readers: Readers
  /** Called at once, so that agents can be brought while the way is looked for. */
  chooseDriver: (way: Promise<Way>) => Promise<'agent' | 'app'>
  /** First port of the destination's agent. */
  agentPort: number
  /** Found a moment ago; looked for when left out. */
  way?: Way | undefined
  /** Looks for hosts that hold pages on their way; asked only where the technique wants them. */
  findDepots: (source: HostFactsReader, memoryKiB: number) => Promise<Depots>
  signal: AbortSignal
}): Promise<Assembled> {
  const { plan, hosts, readers, signal } = options
  if (plan.vm.host === plan.destination) throw new Failure('same-host', 'The VM is on that host already.')
  const [source, destination] = [readers.of(plan.vm.host), readers.of(plan.destination)]
  const way = options.way ? Promise.resolve(options.way) : findWay()
  const [domain, { route, listenAddress, agentProbe, inMbps }, driver] = await Promise.all([readVm(source.session, plan.vm, signal), way, options.chooseDriver(way)])
  const [disks, depots] = await Promise.all([
    copiedDisks(plan, domain, source),
    plan.options.technique === 'scatter' && domain.isActive ? options.findDepots(source, domain.live.memory.size) : noDepots,
  ])
  return {
    plan,
    domain,
    source: sideOf(source, domain),
    destination: sideOf(destination, domain),
    disks,
    route,
    listenAddress,
    agentProbe,
    inMbps,
    depots,
    driver,
    signal,
  }

  async function findWay(): Promise<Way> {
    const route = await findRoute({ plan, source, destination, setting: hosts.record(plan.destination).migrationAddress, signal })
    if (!route) return { route, listenAddress: null, agentProbe: 'not-probed', inMbps: null }
    const isAnswered = route.probe === 'reachable' || route.probe === 'refused'
    const [device, agentProbe] = await Promise.all([ownDevice(destination, route.address), isAnswered ? probe(source, route.address, options.agentPort, signal) : ('not-probed' as const)])
    return { route, listenAddress: device ? route.address : null, agentProbe, inMbps: device?.mbps ?? null }
  }
}

function sideOf(facts: HostFactsReader, { live }: VmOnHost): PreflightSide {
  const { host, name } = facts.session
  const of = { emulator: undefined, arch: live.boot.architecture, machine: live.boot.machine?.name, virtType: live.type }
  return { host, name, facts, domainCapabilities: () => facts.domainCapabilities(of) }
}

/** The device that has the address, so that the host's QEMU can listen there and nowhere else. A forwarded address has none. */
async function ownDevice(host: HostFactsReader, address: string): Promise<NetLink | null> {
  if (isIP(address) === 0) return null
  const links = await host.interfaces()
  return links?.find((link) => link.addresses.some((own) => own.address === address)) ?? null
}
