import { Connection, type ConnectionOptions } from '../libvirt/client/connection.ts'
import { drive, type DriveHands } from '../libvirt/drive/drive.ts'
import type { Outcome } from '../libvirt/drive/outcome.ts'
import type { MovePlan } from '../libvirt/drive/plan.ts'
import { whereIs, type Verdict } from '../libvirt/drive/undecided.ts'
import type { LabDescription, VmDescription } from './lab.ts'
import { uuidOf } from './physics/random.ts'
import { World, type WorldOptions } from './world.ts'

const gigabit = { mbps: 1000 }

/** Two hosts with shared storage, and whatever VMs a test wants on `left`. */
export function smallLab(...vms: readonly (Partial<VmDescription> & { readonly name: string })[]): LabDescription {
  const pools = [{ name: 'default', path: '/srv/images', capacityGiB: 200, shared: 'nas' }]
  return {
    name: 'small',
    title: 'Small',
    hosts: ['left', 'right'].map((id) => ({ id, cpus: 8, memoryMiB: 32_768, link: gigabit, pools })),
    vms: vms.map((vm) => ({ host: 'left', memoryMiB: 1024, vcpus: 2, process: { kind: 'idle' }, ...vm })),
  }
}

/** A world whose hosts are reached as the product reaches them, and left behind when the test is over. */
export class WorldRig {
  readonly world: World
  readonly #connections: Connection[] = []

  constructor(lab: LabDescription, options: WorldOptions = { speed: 50 }) {
    this.world = World.create(lab, options)
  }

  async open(host: string, options: ConnectionOptions = {}): Promise<Connection> {
    const transport = await this.world.openTransport(host)
    const { stream } = await transport.openLibvirt({ readOnly: options.readOnly ?? false })
    const connection = await Connection.open(stream, options)
    this.#connections.push(connection)
    return connection
  }

  domain(name: string): { name: string; uuid: string; id: number } {
    return { name, uuid: uuidOf(`${this.world.lab.name}/vm/${name}`), id: -1 }
  }

  /** A live move that leaves the source undefined, over connections of its own. */
  async move(name: string, from: string, to: string, change: Partial<MovePlan> = {}, hands: Partial<DriveHands> = {}): Promise<{ outcome: Promise<Outcome>; control: Connection }> {
    const [source, destination, control] = await Promise.all([this.open(from), this.open(to), this.open(from)])
    const migrateUri = `tcp://${this.world.machineAt(to)?.address}`
    const plan: MovePlan = { domain: this.domain(name), migrateUri, ...change, flags: { live: true, persistDest: true, undefineSource: true, ...change.flags } }
    return { outcome: drive(plan, { source, destination, control, ...hands }), control }
  }

  async verdict(name: string, from: string, to: string): Promise<Verdict> {
    const [source, destination] = await Promise.all([this.open(from), this.open(to)])
    return (await whereIs(source, destination, this.domain(name).uuid, { deadlineMs: 10_000 })).verdict
  }

  close(): void {
    for (const connection of this.#connections.splice(0)) connection.close()
    this.world.dispose()
  }
}
