import type { Disposable } from '../base/disposable.ts'
import { Emitter } from '../base/event.ts'
import { usualCosts } from './costs.ts'
import { olderThan, usualCpuModel } from './cpu-models.ts'
import type { Domain } from './daemon/domain.ts'
import type { Session } from './daemon/session.ts'
import type { HostCosts, HostDescription, PoolDescription } from './lab.ts'
import { Link } from './physics/network.ts'
import { uuidOf } from './physics/random.ts'
import { capabilitiesXml, type MachineFacts } from './xml/capabilities-xml.ts'

/** A file in a pool. Of what is uploaded only so many bytes are kept; the rest is known by its length. */
export interface Volume {
  readonly name: string
  readonly path: string
  readonly capacity: number
  allocation: number
  readonly format: string
  readonly content: Buffer[]
}

/** Storage, on one host or shared by several. */
export interface Pool {
  readonly about: PoolDescription
  readonly uuid: string
  readonly volumes: Map<string, Volume>
}

/** A simulated host: its machine, its cables, its storage, and what its daemon knows. */
export class Machine implements Disposable {
  readonly about: HostDescription
  readonly address: string
  readonly uuid: string
  readonly costs: HostCosts
  readonly up: Link
  readonly down: Link
  readonly pools: readonly Pool[]
  readonly domains = new Map<string, Domain>()
  readonly sessions = new Set<Session>()
  /** Guests that were saved, by the path of the file; of their memory only the place is kept. */
  readonly states = new Map<string, Buffer>()
  /** Files that were uploaded, by path, with their SHA-256. */
  readonly files = new Map<string, string>()
  readonly #crashed = new Emitter<void>()
  #nextId = 1
  #isDown = false
  #hasOldCpu = false
  #capabilities: string | null = null
  readonly onDidCrash = this.#crashed.event

  constructor(about: HostDescription, options: { address: string; lab: string; pools: readonly Pool[] }) {
    this.about = about
    this.address = options.address
    this.uuid = uuidOf(`${options.lab}/${about.id}`)
    this.costs = { ...usualCosts, ...definedOnly(about.costs ?? {}) }
    this.up = new Link(`${about.id} up`, about.link)
    this.down = new Link(`${about.id} down`, about.link)
    this.pools = options.pools
  }

  get id(): string {
    return this.about.id
  }

  get isDown(): boolean {
    return this.#isDown
  }

  get facts(): MachineFacts {
    const { cpus, memoryMiB } = this.about
    return { uuid: this.uuid, cpus, memoryKiB: memoryMiB * 1024, cpuModel: this.cpuModel, qemuVersion: this.qemuVersion }
  }

  get cpuModel(): string {
    const own = this.about.cpuModel ?? usualCpuModel
    return this.#hasOldCpu ? olderThan(own) : own
  }

  get libvirtVersion(): string {
    return this.about.libvirtVersion ?? '9.0.0'
  }

  get qemuVersion(): string {
    return this.about.qemuVersion ?? '7.2.0'
  }

  get capabilities(): string {
    return (this.#capabilities ??= capabilitiesXml(this.facts))
  }

  set hasOldCpu(isOld: boolean) {
    this.#hasOldCpu = isOld
    this.#capabilities = null
  }

  /** CPUs that guests want, of those that there are: 1 and above is crowded. */
  get cpuLoad(): number {
    let wanted = 0
    for (const { guest, isActive } of this.domains.values()) if (isActive && guest.isRunning) wanted += guest.cpuShare * guest.about.vcpus * guest.share
    return wanted / this.about.cpus
  }

  get usedMemoryKiB(): number {
    let used = 600 * 1024
    for (const { guest, isActive } of this.domains.values()) if (isActive) used += guest.used * 4
    return Math.min(this.about.memoryMiB * 1024, used)
  }

  claimId(): number {
    return this.#nextId++
  }

  volumeAt(path: string): { pool: Pool; volume: Volume } | null {
    for (const pool of this.pools) for (const volume of pool.volumes.values()) if (volume.path === path) return { pool, volume }
    return null
  }

  crash(): void {
    this.#isDown = true
    for (const session of [...this.sessions]) session.close()
    this.#crashed.fire()
  }

  boot(): void {
    this.#isDown = false
  }

  dispose(): void {
    for (const session of [...this.sessions]) session.close()
    this.#crashed.dispose()
  }
}

function definedOnly<T extends object>(of: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(of).filter(([, value]) => value !== undefined)) as { [K in keyof T]?: Exclude<T[K], undefined> }
}
