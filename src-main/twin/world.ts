import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import type { Disposable } from '../base/disposable.ts'
import { Emitter } from '../base/event.ts'
import { Failure } from '../base/failure.ts'
import { readDomain } from '../libvirt/xml/domain/domain.ts'
import { formatAddress, parseAddress } from '../transport/address.ts'
import type { Transport } from '../transport/transport.ts'
import { Daemon } from './daemon/daemon.ts'
import { Domain } from './daemon/domain.ts'
import { faultKey, type Fault } from './faults.ts'
import { Guest } from './guest.ts'
import type { HostDescription, LabDescription, PoolDescription, VmDescription } from './lab.ts'
import { Machine, type Pool, type Volume } from './machine.ts'
import type { Carriage } from './physics/carriage.ts'
import { Link, Network } from './physics/network.ts'
import { uuidOf } from './physics/random.ts'
import { heldUp } from './transport/held-up.ts'
import { TwinTransport } from './transport/twin-transport.ts'
import { vmXml } from './xml/vm-xml.ts'
import { WorldClock } from './time/world-clock.ts'

export interface WorldOptions {
  /** Default: the lab's, else 1. The same seed gives the same world. */
  readonly seed?: number
  readonly speed?: number
  /** Time stands still but for `clock.advance`. */
  readonly isManual?: boolean
}

/** The faults of a world that are in force. */
export class Faults {
  readonly #active = new Map<string, Fault>()
  readonly #changed = new Emitter<void>()
  readonly #take: (fault: Fault, isOn: boolean) => void
  readonly onDidChange = this.#changed.event

  constructor(take: (fault: Fault, isOn: boolean) => void) {
    this.#take = take
  }

  get active(): readonly Fault[] {
    return [...this.#active.values()]
  }

  /** Throws `twin-no-host` or `twin-no-vm` for what the world does not have. One that is in force already is replaced. */
  apply(fault: Fault): void {
    this.undo(fault)
    this.#take(fault, true)
    this.#active.set(faultKey(fault), fault)
    this.#changed.fire()
  }

  /** Does nothing where the fault is not in force. */
  undo(fault: Fault): void {
    const active = this.#active.get(faultKey(fault))
    if (!active) return
    this.#active.delete(faultKey(fault))
    this.#take(active, false)
    this.#changed.fire()
  }
}

const gib = 1024 ** 3
/** From a host's crash until others notice that its connections are dead, ms. */
const noticeMs = 3000

/** A lab that lives in this process: hosts that talk as libvirt does, guests that have memory and write to it, cables that carry so much. */
export class World implements Disposable {
  readonly lab: LabDescription
  readonly clock: WorldClock
  readonly faults: Faults
  readonly network: Network
  /** What agents make of the memory of guests that go through them, by UUID. */
  readonly carriages = new Map<string, Carriage>()
  readonly #seed: number
  readonly #daemons = new Map<string, Daemon>()
  readonly #racks = new Map<string, { readonly up: Link; readonly down: Link }>()
  readonly #guests = new Map<string, Guest>()
  #folder: string | null = null
  readonly #arrivals = new Map<string, ((isWhole: boolean) => void)[]>()

  private constructor(lab: LabDescription, options: WorldOptions) {
    this.lab = lab
    this.#seed = options.seed ?? lab.seed ?? 1
    this.clock = new WorldClock({ ...(options.speed === undefined ? {} : { speed: options.speed }), ...(options.isManual === undefined ? {} : { isManual: options.isManual }) })
    this.network = new Network(this.clock)
    this.faults = new Faults((fault, isOn) => this.#take(fault, isOn))
    for (const { id, uplink } of lab.racks ?? []) this.#racks.set(id, { up: new Link(`${id} up`, uplink), down: new Link(`${id} down`, uplink) })
    const shared = new Map<string, Pool>()
    lab.hosts.forEach((host, i) => this.#addHost(host, i, shared))
    for (const vm of lab.vms) this.#addVm(vm)
  }

  /** Throws `twin-lab-invalid` where names in the description lead nowhere. */
  static create(lab: LabDescription, options: WorldOptions = {}): World {
    return new World(lab, options)
  }

  /** The way to a host, by its id; the caller closes it. Rejects with `twin-no-host`, or `host-unreachable` while it is down. */
  async openTransport(host: string): Promise<Transport> {
    const daemon = this.#daemon(host)
    if (daemon.machine.isDown) throw new Failure('host-unreachable', `${host} does not answer.`, { evidence: 'No route to host' })
    return new TwinTransport(World.addressOf(this.lab, host), daemon)
  }

  /** Of a host, by its id: `twin://LAB/ID`. */
  static addressOf(lab: LabDescription, host: string): string {
    return formatAddress({ scheme: 'twin', lab: lab.name, host })
  }

  /** The way to the host at an address. Rejects with `twin-not-here` for one that is not of this world, else as {@link openTransport}. */
  async open(address: string): Promise<Transport> {
    const to = parseAddress(address)
    if (to.scheme === 'twin' && to.lab === this.lab.name) return this.openTransport(to.host)
    throw new Failure('twin-not-here', `${address} is not in the demo lab.`, { next: 'Leave the demo lab to connect real hosts.' })
  }

  /** The daemon of the host at an address or of a name, over a way that a cut cable holds up. Throws `tcp-connect-failed` where nobody answers. */
  dial(from: Machine, address: string): Duplex {
    const far = [...this.#daemons.values()].find(({ machine }) => machine.address === address || machine.id === address)
    const isCut = () => this.path(from, far!.machine).some((link) => link.isCut)
    if (!far || far.machine.isDown || isCut()) throw new Failure('tcp-connect-failed', `Nobody answers at ${address}.`, { evidence: far ? 'No route to host' : 'Name or service not known' })
    const { near, served, dispose } = heldUp(isCut, this.faults.onDidChange)
    far.serve(served, false)
    // A machine that is gone says nothing any more: its peers notice by themselves.
    const crash = from.onDidCrash(() => near.destroy())
    near.once('close', () => {
      dispose()
      crash.dispose()
    })
    return near
  }

  /** A folder for what agents write, gone with the world. */
  get folder(): string {
    return (this.#folder ??= mkdtempSync(join(tmpdir(), 'drover-twin-')))
  }

  /** By name or address. */
  machineAt(address: string): Machine | null {
    for (const { machine } of this.#daemons.values()) if (machine.address === address || machine.id === address) return machine
    return null
  }

  /** The cables from one host to another, in the order that bytes go. */
  path(from: Machine, to: Machine): readonly Link[] {
    const [near, far] = [this.#racks.get(from.about.rack ?? ''), this.#racks.get(to.about.rack ?? '')]
    return near && far && near !== far ? [from.up, near.up, far.down, to.down] : [from.up, to.down]
  }

  /** The guest that a definition is of; one that nobody described is made from what the definition says. */
  guestOf(uuid: string, xml: string): Guest {
    const known = this.#guests.get(uuid)
    if (known) return known
    const { name, memory, vcpus } = readDomain(xml)
    const about: VmDescription = { name, host: '', memoryMiB: Math.max(1, Math.round(memory.size / 1024)), vcpus: vcpus.count, process: { kind: 'idle' } }
    const guest = new Guest(about, this.#seed)
    this.#guests.set(uuid, guest)
    return guest
  }

  /** Whether another host than this one has the guest in hand: ending a stale copy must not end it. */
  runsElsewhere({ uuid }: Domain, here: Machine): boolean {
    return [...this.#daemons.values()].some(({ machine }) => machine !== here && machine.domains.get(uuid)?.isActive === true)
  }

  /** The images of a domain whose disks were copied are at the destination as well. */
  copyDisks(domain: Domain, from: Machine, to: Machine): void {
    for (const { source } of readDomain(domain.xml).devices.disks) {
      if (source.kind !== 'file') continue
      const found = from.volumeAt(source.path)
      const pool = to.pools.find(({ about }) => source.path.startsWith(`${about.path}/`))
      if (found && pool && !pool.volumes.has(found.volume.name)) pool.volumes.set(found.volume.name, { ...found.volume, content: [...found.volume.content] })
    }
  }

  /** Calls back once when the last page of a post-copy is there, or when it has broken. */
  whenArrived(uuid: string, told: (isWhole: boolean) => void): void {
    this.#arrivals.set(uuid, [...(this.#arrivals.get(uuid) ?? []), told])
  }

  arrived(uuid: string): void {
    this.#tellArrival(uuid, true)
  }

  /** Both ends of a post-copy that was interrupted say so. */
  postcopyBroke(uuid: string): void {
    for (const { machine } of this.#daemons.values()) {
      const domain = machine.domains.get(uuid)
      if (!domain?.isActive) continue
      if (domain.job?.kind === 'out') domain.state = { state: 'paused', reason: 'postcopy-failed' }
      else {
        domain.guest.halt(this.clock.lived)
        domain.state = { state: 'paused', reason: 'postcopy-failed' }
      }
    }
    this.#tellArrival(uuid, false)
  }

  /** Ends the world; whoever is connected loses the connection. */
  dispose(): void {
    for (const { machine } of this.#daemons.values()) machine.dispose()
    this.clock.dispose()
    if (this.#folder !== null) rmSync(this.#folder, { recursive: true, force: true })
  }

  #tellArrival(uuid: string, isWhole: boolean): void {
    const waiting = this.#arrivals.get(uuid) ?? []
    this.#arrivals.delete(uuid)
    for (const told of waiting) told(isWhole)
  }

  #daemon(host: string): Daemon {
    const daemon = this.#daemons.get(host)
    if (!daemon) throw new Failure('twin-no-host', `The lab ${this.lab.title} has no host ${host}.`)
    return daemon
  }

  #addHost(host: HostDescription, index: number, shared: Map<string, Pool>): void {
    if (this.#daemons.has(host.id)) throw this.#invalid(`two hosts are called ${host.id}`)
    if (host.rack !== undefined && !this.#racks.has(host.rack)) throw this.#invalid(`host ${host.id} is in rack ${host.rack}, which is not described`)
    const pools = (host.pools ?? [{ name: 'default', path: '/var/lib/libvirt/images', capacityGiB: 500 }]).map((about) => poolOf(about, host.id, shared))
    const address = `10.77.${Math.floor(index / 200)}.${(index % 200) + 11}`
    this.#daemons.set(host.id, new Daemon(this, new Machine(host, { address, lab: this.lab.name, pools })))
  }

  #addVm(vm: VmDescription): void {
    const daemon = this.#daemons.get(vm.host)
    if (!daemon) throw this.#invalid(`VM ${vm.name} is on host ${vm.host}, which is not described`)
    const { machine } = daemon
    const uuid = vm.uuid ?? uuidOf(`${this.lab.name}/vm/${vm.name}`)
    if (this.#guests.has(uuid)) throw this.#invalid(`two VMs are called ${vm.name}, or have the same UUID`)
    const paths = (vm.disks ?? []).map((disk, i) => {
      const pool = machine.pools.find(({ about }) => about.name === disk.pool)
      if (!pool) throw this.#invalid(`a disk of VM ${vm.name} is in pool ${disk.pool}, which host ${vm.host} does not have`)
      const format = disk.format ?? 'qcow2'
      const name = `${vm.name}${i === 0 ? '' : `-${i}`}.${format}`
      const volume: Volume = { name, path: `${pool.about.path}/${name}`, capacity: Math.round(disk.sizeGiB * gib), allocation: Math.round((disk.usedGiB ?? disk.sizeGiB / 3) * gib), format, content: [] }
      pool.volumes.set(name, volume)
      return volume.path
    })
    const guest = new Guest(vm, this.#seed)
    this.#guests.set(uuid, guest)
    const xml = vmXml(vm, { uuid, paths, qemuVersion: machine.qemuVersion, cpuModel: machine.cpuModel })
    const domain = new Domain({ uuid, name: vm.name, guest, inactiveXml: xml })
    domain.hasAutostart = vm.autostart ?? false
    machine.domains.set(uuid, domain)
    if (vm.state === 'off') return
    daemon.boot(domain, vm.state === 'paused' ? { state: 'paused', reason: 'user' } : { state: 'running', reason: 'booted' })
    if (vm.persistent === false) domain.inactiveXml = null
  }

  #invalid(why: string): Failure {
    return new Failure('twin-lab-invalid', `The lab ${this.lab.title} cannot be: ${why}.`)
  }

  #take(fault: Fault, isOn: boolean): void {
    this.clock.catchUp()
    if (fault.kind === 'hot-vm') {
      const guest = this.#guests.get(fault.vm)
      if (!guest) throw new Failure('twin-no-vm', `The lab ${this.lab.title} has no VM ${fault.vm}.`)
      return guest.setHot(isOn, this.clock.lived)
    }
    const { machine } = this.#daemon(fault.host)
    switch (fault.kind) {
      case 'slow-link':
        for (const link of [machine.up, machine.down]) link.shape(isOn ? { mbps: fault.mbps } : machine.about.link)
        return this.network.share()
      case 'cut-link':
        machine.up.isCut = machine.down.isCut = isOn
        return this.network.share()
      case 'cpu-mismatch':
        machine.hasOldCpu = isOn
        // What a host is is read when its session begins.
        for (const session of [...machine.sessions]) session.close()
        return
      case 'host-crash':
        return isOn ? this.#crash(machine) : this.#boot(machine)
    }
  }

  #crash(machine: Machine): void {
    for (const domain of machine.domains.values()) {
      if (!domain.isActive) continue
      if (!this.runsElsewhere(domain, machine)) domain.guest.reset(this.clock.lived)
      domain.cease()
      domain.state = { state: 'shutoff', reason: 'crashed' }
      if (!domain.isPersistent) machine.domains.delete(domain.uuid)
    }
    machine.crash()
    this.clock.after(noticeMs, () => this.network.break(new Set([machine.up, machine.down]), 'No route to host'))
  }

  #boot(machine: Machine): void {
    machine.boot()
    const daemon = this.#daemon(machine.id)
    for (const domain of machine.domains.values()) {
      if (domain.hasAutostart && !domain.isActive && !this.runsElsewhere(domain, machine)) daemon.boot(domain, { state: 'running', reason: 'booted' })
    }
  }
}

function poolOf(about: PoolDescription, host: string, shared: Map<string, Pool>): Pool {
  const volumes = (about.shared === undefined ? undefined : shared.get(about.shared)?.volumes) ?? new Map<string, Volume>()
  const pool: Pool = { about, uuid: uuidOf(`pool ${about.shared ?? host} ${about.name}`), volumes }
  if (about.shared !== undefined) shared.set(about.shared, pool)
  return pool
}
