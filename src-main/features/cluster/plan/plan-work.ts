import type { Forecast, Preflight } from '../../../contract/migration.ts'
import type { Plan, PlanEdit, PlanRequest } from '../../../contract/plan.ts'
import type { Foreknowledge } from '../../migration/forecast/foreknowledge.ts'
import type { Model, ModelVm } from '../placement/model.ts'
import { place, type Placed, type Wish } from '../placement/place.ts'
import { hostLoads } from './host-loads.ts'
import type { Intent } from './intent.ts'
import { depotsOf } from './plan-depots.ts'
import { offersOf } from './offers.ts'
import type { KnownLine } from './known-lines.ts'
import { errorsOf, isAboutHost, isSettledByCopy } from './obstacle.ts'
import { linksOf } from './plan-links.ts'
import { rowOf, stayingRow, type RowFacts } from './plan-row.ts'
import { warningsOf } from './plan-warnings.ts'
import { wayOf, type KeptOptions, type RowCheck } from './row-check.ts'
import { inRunOrder, timedRows } from './row-order.ts'
import { timingOf } from './timing.ts'

/** A row that both hosts are to be asked about. */
export interface ToCheck {
  readonly vm: ModelVm
  readonly destination: string
}

/** Hosts that are tried for a VM whose first one refused it. */
const tries = 3

export interface WorkParts {
  readonly request: PlanRequest
  /** Its `refused` is {@link Refusals}. */
  readonly model: Model
  readonly refusals: Refusals
  readonly intent: Intent
  readonly knowledge: Pick<Foreknowledge, 'forecast' | 'way'>
  readonly line: KnownLine
  readonly settings: KeptOptions
  readonly isPersistent: (vm: ModelVm) => boolean
  /** What is known to keep a VM before any host was asked; one sentence with its code. */
  readonly knownProblem: (vm: ModelVm) => { readonly code: string; readonly message: string; readonly next?: string } | null
}

/** What hosts have said against VMs, by uuid and host. */
export class Refusals {
  readonly #known = new Map<string, string>()

  readonly of = (uuid: string, host: string): string | undefined => this.#known.get(`${uuid} ${host}`)

  add(uuid: string, host: string, why: string): void {
    this.#known.set(`${uuid} ${host}`, why)
  }

  forget(uuid: string, host: string): void {
    this.#known.delete(`${uuid} ${host}`)
  }
}

/** One plan in the making: placed from the inventory, then row by row with what both hosts say. Pure apart from its own memory. */
export class PlanWork {
  readonly #parts: WorkParts
  readonly #edits: ReadonlyMap<string, PlanEdit>
  readonly #checks = new Map<string, RowCheck>()
  /** Destinations that are being asked, or have agreed: later placements leave them where they are. */
  readonly #kept = new Map<string, Wish>()
  readonly #tried = new Map<string, RowCheck[]>()
  readonly #asking = new Set<string>()
  #placed: readonly Placed[] = []
  #parallelism: { perHost: number; perLink: number } | null = null

  constructor(parts: WorkParts) {
    this.#parts = parts
    this.#edits = new Map(parts.request.edits.map((edit) => [edit.vm.uuid, edit]))
    this.#place()
  }

  /** Rows that wait to be asked about, the first first. */
  pending(): ToCheck[] {
    return this.#placed.flatMap(({ vm, destination, isPossible }) => (destination !== null && isPossible && !this.#asking.has(vm.uuid) && this.#checks.get(vm.uuid)?.destination !== destination ? [{ vm, destination }] : []))
  }

  way(vm: ModelVm) {
    return wayOf(vm, this.#edits.get(vm.uuid), this.#parts.settings)
  }

  choice(vm: ModelVm) {
    return this.#edits.get(vm.uuid)?.choice ?? 'leave'
  }

  /** The row is being asked about now. */
  begin({ vm, destination }: ToCheck): void {
    this.#asking.add(vm.uuid)
    this.#kept.set(vm.uuid, { host: destination, why: this.#whyOf(vm) })
  }

  /** Takes in what both hosts said. A refusal makes the plan look for another host, unless this one was set. */
  take(vm: ModelVm, check: RowCheck): void {
    this.#asking.delete(vm.uuid)
    this.#checks.set(vm.uuid, check)
    const { preflight, destination } = check
    // Whoever agreed stays where it was placed: nothing is to be placed anew.
    if (preflight.verdict !== 'blocked' || this.#parts.intent.wishes.has(vm.uuid)) return
    const tried = [...(this.#tried.get(vm.uuid) ?? []), check]
    this.#tried.set(vm.uuid, tried)
    if (isAboutHost(preflight) && tried.length < tries) {
      this.#parts.refusals.add(vm.uuid, destination, errorsOf(preflight.findings)[0]?.message ?? 'It was refused.')
      for (const uuid of this.#unitOf(vm)) this.#kept.delete(uuid)
    } else this.#settle(vm)
    this.#place()
  }

  /** Whether every row that needs it was asked about. */
  get isSettled(): boolean {
    return this.#asking.size === 0 && this.pending().length === 0
  }

  frame(): Plan {
    const { request, model, intent, knowledge } = this.#parts
    const facts = this.#placed.map((placed) => this.#factsOf(placed))
    const moving = inRunOrder(facts.map((each) => rowOf(each)))
    const way = (source: string, destination: string) => knowledge.way(source, destination)
    // Parallelism is chosen from the first frame and from the last: in between it would only flicker.
    const limits = atOnceForGangs(moving, this.#parallelism && !this.isSettled ? { ...request, ...this.#parallelism } : request)
    const timing = timingOf(timedRows(moving), limits, way, this.#parts.line)
    this.#parallelism = { perHost: timing.perHost, perLink: timing.perLink }
    const share = request.bandwidthMiBps === null ? null : Math.max(1, Math.floor(request.bandwidthMiBps / timing.perHost))
    const rows = moving.map((row) => ({
      ...row,
      slot: slotOf(timing.slots.get(row.vm.uuid)),
      // A budget holds whoever carries the row out, and however many go on with it.
      options: row.options && share !== null && row.options.bandwidthMiBps === null ? { ...row.options, bandwidthMiBps: share } : row.options,
    }))
    rows.sort((a, b) => (a.slot?.[0] ?? Infinity) - (b.slot?.[0] ?? Infinity) || 0)
    const all = [...rows, ...intent.staying.map((each) => stayingRow(each))]
    const hosts = hostLoads(model, all)
    return {
      request,
      checked: facts.filter(({ check }) => check !== null).length,
      toCheck: this.#placed.filter(({ destination, isPossible }) => destination !== null && isPossible).length,
      rows: all,
      hosts,
      links: linksOf(all, (source, destination) => knowledge.way(source, destination).mbps),
      perHost: timing.perHost,
      perLink: timing.perLink,
      bandwidthMiBps: request.bandwidthMiBps,
      seconds: timing.seconds,
      offers: request.kind === 'evacuate' ? this.#offers(request.host, all, timing.seconds) : [],
      depots: depotsOf(rows, facts),
      empties: request.kind === 'evacuate' && hosts.find(({ host }) => host === request.host)?.after.vms === 0,
      warnings: [...intent.warnings, ...warningsOf({ request, model, rows: all, hosts })],
    }
  }

  #offers(host: string, rows: Plan['rows'], seconds: Plan['seconds']): Plan['offers'] {
    const { model, knowledge, line, settings } = this.#parts
    const others = model.hosts.filter(({ id, excluded }) => id !== host && excluded === null)
    return offersOf({ source: { id: host, name: nameIn(model, host) }, rows, seconds, way: (source, destination) => knowledge.way(source, destination), line, hosts: others.length, usesAgent: settings.useAgent, forecastAs: ({ vm, destination, options }, technique) => (destination === null || options === null ? null : knowledge.forecast({ vm, destination, options: { ...options, technique } })) })
  }

  #place(): void {
    const { model, intent } = this.#parts
    for (;;) {
      const { placed } = place(model, intent.moving, new Map([...this.#kept, ...intent.wishes]))
      this.#placed = placed
      // Every host that is left has refused it: it is shown with the one that came closest.
      const stuck = placed.filter(({ vm, destination }) => destination === null && this.#tried.has(vm.uuid) && !this.#kept.has(vm.uuid))
      if (stuck.length === 0) return
      for (const { vm } of stuck) this.#settle(vm)
    }
  }

  /** Of all that refused the VM, the host that it could go to most easily. */
  #settle(vm: ModelVm): void {
    const tried = this.#tried.get(vm.uuid) ?? []
    const [best] = [...tried].sort((a, b) => difficulty(a.preflight) - difficulty(b.preflight))
    if (!best) return
    this.#parts.refusals.forget(vm.uuid, best.destination)
    this.#checks.set(vm.uuid, best)
    this.#kept.set(vm.uuid, { host: best.destination, why: tried.length > 1 ? `Of ${tried.length} hosts that were asked it came closest.` : this.#whyOf(vm) })
  }

  #whyOf(vm: ModelVm): string {
    return this.#placed.find((each) => each.vm === vm)?.why ?? ''
  }

  #unitOf(vm: ModelVm): string[] {
    const { rules } = this.#parts.model
    return [vm.uuid, ...rules.together(vm.uuid).flatMap(({ members }) => [...members])]
  }

  #factsOf({ vm, destination, why, isPossible }: Placed): RowFacts {
    const { knowledge, isPersistent, knownProblem, model } = this.#parts
    const known = this.#checks.get(vm.uuid)
    const check = known && known.destination === destination && isPossible ? known : null
    const way = this.way(vm)
    const forecast = (): Forecast | null => (destination === null ? null : knowledge.forecast({ vm: vm.ref, destination, options: way.options }))
    return {
      vm,
      isPersistent: isPersistent(vm),
      sourceName: nameIn(model, vm.host),
      destination,
      destinationName: destination === null ? null : nameIn(model, destination),
      why,
      isPossible,
      way,
      choice: this.choice(vm),
      check,
      forecast: check ? null : forecast(),
      known: check ? null : knownProblem(vm),
    }
  }
}

/** A gang shares what is on its way at the same time, so that its VMs should be: as many as the contract lets a host have. */
function atOnceForGangs<Limits extends { perHost: number | null; perLink: number | null }>(rows: Plan['rows'], limits: Limits): Limits {
  const count = Math.min(16, rows.filter(({ how, options }) => how === 'live' && options?.technique === 'gang').length)
  return count < 2 ? limits : { ...limits, perHost: limits.perHost === null ? count : Math.max(limits.perHost, 1), perLink: limits.perLink ?? count }
}

/** Errors that a copy of the disks settles count little: that is a choice away. */
function difficulty({ findings }: Preflight): number {
  return errorsOf(findings).reduce((sum, error) => sum + (isSettledByCopy(error) ? 0.1 : error.fix ? 0.5 : 1), 0)
}

function nameIn({ hosts }: Model, id: string): string {
  return hosts.find((host) => host.id === id)?.name ?? id
}

function slotOf(slot: readonly [number, number] | undefined): [number, number] | null {
  return slot ? [Math.round(slot[0] * 10) / 10, Math.round(slot[1] * 10) / 10] : null
}
