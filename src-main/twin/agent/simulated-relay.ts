import type { PageFigures } from '../../agent/protocol/page-figures.ts'
import { noPageFigures } from '../../agent/protocol/page-figures.ts'
import type { MoveSpec } from '../../agent/protocol/move-spec.ts'
import type { PageRelay } from '../../agent/relay/page-relay.ts'
import { Emitter } from '../../base/event.ts'
import { Failure } from '../../base/failure.ts'
import type { Machine } from '../machine.ts'
import type { Carriage } from '../physics/carriage.ts'
import type { Migration } from '../physics/migration.ts'
import { residentsOf, sharesAfter, type Residents } from '../physics/common-pages.ts'
import { pageBytes } from '../physics/process.ts'
import type { World } from '../world.ts'

type Relay = NonNullable<MoveSpec['relay']>

/** Milliseconds between two tellings. */
const tellEveryMs = 250

/** By gang: kinds of VMs whose pages it has brought already, and what ran at its destinations when it began to come there. */
const brought = new WeakMap<World, Map<string, { readonly kinds: Set<string>; readonly residents: Map<string, Residents> }>>()

/** An agent's way of the memory in a simulated world: no page is carried, but wires and clocks behave as if. */
export class SimulatedRelay implements PageRelay {
  readonly #world: World
  readonly #source: Machine
  readonly #spec: MoveSpec
  readonly #relay: Relay
  readonly #address: string
  readonly #counted = new Emitter<PageFigures>()
  readonly #drained: Promise<void>
  #shares = { inVm: 0, across: 0, there: 0 }
  #isDrained: () => void = () => {}
  #drainedAt: number | null = null
  #directFaults: number | null = null
  #ticking: NodeJS.Timeout | undefined
  #settle: (failure: Failure | null) => void = () => {}

  readonly onDidCount = this.#counted.event
  readonly ended: Promise<Failure | null>
  mayReleaseEarly?: () => Promise<void>

  /** `address`: the destination's. */
  constructor(world: World, source: Machine, spec: MoveSpec, relay: Relay, address: string) {
    this.#address = address
    this.#world = world
    this.#source = source
    this.#spec = spec
    this.#relay = relay
    this.#drained = new Promise((resolve) => (this.#isDrained = resolve))
    this.ended = new Promise((resolve) => (this.#settle = resolve))
    if (relay.mode === 'scatter') this.mayReleaseEarly = () => this.#drained
  }

  /** The destination's QEMU listens for its own agent only. */
  async open(uriOut: string): Promise<string> {
    const address = this.#address
    const port = /:(\d+)$/.exec(uriOut)?.[1] ?? ''
    const far = this.#world.machineAt(address)
    if (!far) throw new Failure('relay-route', `Nobody answers at ${address}.`)
    this.#shares = this.#sharesOf(far)
    this.#world.carriages.set(this.#spec.vm.uuid, this.#carriage(far))
    this.#ticking = setInterval(() => this.#tell(), tellEveryMs).unref()
    return `tcp://${address}:${port}`
  }

  close(reason: Failure): void {
    this.#end(reason)
  }

  #carriage(far: Machine): Carriage {
    const relay = this.#relay
    const limit = relay.mode === 'scatter' && relay.gatherMiBps !== null ? (relay.gatherMiBps * 1024 * 1024) / 1000 : Infinity
    return {
      crossing: 1 - this.#shares.inVm - this.#shares.across - this.#shares.there,
      scatter: relay.mode === 'scatter' ? { out: [this.#source.up], in: [far.down], limit } : null,
      onDrained: () => {
        this.#drainedAt = Date.now()
        this.#directFaults = this.#migration?.figures.postcopyRequests ?? 0
        this.#tell()
        this.#isDrained()
      },
      onArrived: () => this.#end(null),
      onFailed: (reason) => this.#end(new Failure('relay-broken', 'The way of the memory through the agents broke.', { evidence: reason })),
    }
  }

  /** The first of its kind in a gang brings what the others then share with it, beside what VMs at the destination hold. */
  #sharesOf(far: Machine): { inVm: number; across: number; there: number } {
    const relay = this.#relay
    const guest = this.#source.domains.get(this.#spec.vm.uuid)?.guest
    if (relay.mode !== 'gang' || !guest) return { inVm: 0, across: 0, there: 0 }
    const gangs = brought.get(this.#world) ?? new Map<string, { kinds: Set<string>; residents: Map<string, Residents> }>()
    brought.set(this.#world, gangs)
    const gang = gangs.get(relay.gang.id) ?? { kinds: new Set<string>(), residents: new Map<string, Residents>() }
    gangs.set(relay.gang.id, gang)
    const running = [...far.domains.values()].filter((domain) => domain.isActive && domain.guest.isRunning && !domain.job).map((domain) => domain.guest)
    const residents = gang.residents.get(this.#address) ?? residentsOf(running, relay.gang.residentMiB * 1024 * 1024)
    gang.residents.set(this.#address, residents)
    const { kind } = guest.about.process
    const shares = sharesAfter(kind, gang.kinds, residents)
    gang.kinds.add(kind)
    return shares
  }

  #last: Migration | null = null

  /** At the source until Confirm, at the destination afterwards. */
  get #migration(): Migration | null {
    return (this.#last = this.#source.domains.get(this.#spec.vm.uuid)?.job?.migration ?? this.#last)
  }

  #tell(): void {
    const migration = this.#migration
    if (migration) this.#counted.fire(this.#relay.mode === 'scatter' ? this.#scatterFigures(migration, this.#relay) : this.#gangFigures(migration))
  }

  #gangFigures({ figures }: Migration): PageFigures {
    const { normalPages, constantPages, memoryTransferred } = figures
    const inVm = Math.round(normalPages * this.#shares.inVm)
    const acrossVms = Math.round(normalPages * this.#shares.across)
    const alreadyThere = Math.round(normalPages * this.#shares.there)
    return {
      ...noPageFigures,
      classes: { unique: Math.max(0, normalPages - inVm - acrossVms - alreadyThere), inVm, acrossVms, alreadyThere, zero: constantPages },
      bytes: { fromQemu: normalPages * pageBytes, core: memoryTransferred, rack: 0, toQemu: normalPages * pageBytes },
    }
  }

  #scatterFigures({ figures, scattered }: Migration, relay: Extract<Relay, { mode: 'scatter' }>): PageFigures {
    const [drained, gathered] = [Math.round(scattered.drained), Math.round(scattered.gathered)]
    const held = Math.max(0, drained - gathered) * Math.min(relay.replicas, relay.depots.length)
    const room = Math.max(1, relay.depots.reduce((sum, { capacityMiB }) => sum + capacityMiB, 0))
    const requests = figures.postcopyRequests
    const direct = Math.min(requests, this.#directFaults ?? requests)
    return {
      ...noPageFigures,
      classes: { ...noPageFigures.classes, unique: Math.round(drained / pageBytes), zero: figures.constantPages },
      bytes: { fromQemu: drained, core: drained, rack: gathered, toQemu: gathered },
      depots: relay.depots.map(({ name, capacityMiB }) => {
        const bytes = Math.round((held * capacityMiB) / room)
        return { name, pages: Math.round(bytes / pageBytes), bytes, state: 'up' as const }
      }),
      backlog: Math.max(0, Math.round((drained - gathered) / pageBytes)),
      faults: { direct, depot: requests - direct, waiting: 0 },
      sourceFreeAt: this.#drainedAt,
    }
  }

  #end(failure: Failure | null): void {
    clearInterval(this.#ticking)
    this.#tell()
    this.#world.carriages.delete(this.#spec.vm.uuid)
    this.#settle(failure)
    this.#counted.dispose()
  }
}
