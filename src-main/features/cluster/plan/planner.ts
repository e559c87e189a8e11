import type { Plan, PlanRequest } from '../../../contract/plan.ts'
import type { VmRef } from '../../../contract/vm.ts'
import { Failure } from '../../../base/failure.ts'
import type { PlacementRepository } from '../../../store/placements.ts'
import type { RunRepository } from '../../../store/runs.ts'
import type { Migration } from '../../migration/migration.ts'
import type { SettingsService } from '../../settings/settings-service.ts'
import type { Inventory } from '../../vm/inventory.ts'
import type { Rules } from '../rules/rules.ts'
import type { Model, ModelVm } from '../placement/model.ts'
import { modelOf, type ModelOptions } from '../placement/model-of.ts'
import { Occupancy } from '../placement/occupancy.ts'
import { place } from '../placement/place.ts'
import { intentOf } from './intent.ts'
import { knownLines } from './known-lines.ts'
import { PlanWork, Refusals } from './plan-work.ts'
import { checkRow } from './row-check.ts'

export interface PlannerParts {
  readonly inventory: Inventory
  readonly migration: Pick<Migration, 'preflighter' | 'foreknowledge'>
  /** Runs that have ended. */
  readonly runs: Pick<RunRepository, 'listEnded' | 'samples'>
  /** Moves that came about. */
  readonly placements: Pick<PlacementRepository, 'list'>
  readonly settings: Pick<SettingsService, 'current'>
  readonly rules: Pick<Rules, 'list'>
  /** Cores that a VM keeps busy; null where that is not known. */
  readonly busyCores: (vm: VmRef) => number | null
}

/** Rows that hosts are asked about at once. */
const atOnce = 4
/** Placements that are looked at for a return; newer ones first. */
const pastDepth = 5_000
/** Milliseconds between two frames: a plan is sent whole. */
const frameMs = 150

/** Makes plans. Applies nothing. */
export class Planner {
  readonly #parts: PlannerParts

  constructor(parts: PlannerParts) {
    this.#parts = parts
  }

  /**
   * The first frame at once, from the inventory; then again as hosts answer, until all that move were asked about. Rejects with `host-unknown`,
   * `placement-unknown`, `nothing-to-plan` with the reason, a Failure of the store, or the signal's reason.
   */
  async *plan(request: PlanRequest, signal: AbortSignal): AsyncGenerator<Plan, void, void> {
    const work = await this.#begin(request)
    yield work.frame()
    const stop = new AbortController()
    const all = AbortSignal.any([signal, stop.signal])
    const preflight = this.#parts.migration.preflighter(all)
    const going = new Set<Promise<void>>()
    try {
      let isNew = false
      let shownAt = performance.now()
      for (;;) {
        for (const row of work.pending().slice(0, atOnce - going.size)) {
          work.begin(row)
          const check = checkRow({ ...row, way: work.way(row.vm), choice: work.choice(row.vm) }, preflight).then((said) => {
            going.delete(check)
            work.take(row.vm, said)
            isNew = true
          })
          going.add(check)
        }
        if (going.size === 0) break
        await Promise.race(going)
        if (work.isSettled || performance.now() - shownAt < frameMs) continue
        shownAt = performance.now()
        isNew = false
        yield work.frame()
      }
      if (isNew) yield work.frame()
    } finally {
      stop.abort()
      await Promise.allSettled(going)
    }
  }

  /**
   * A host for a VM from the loads of this moment. `avoid`: hosts that are not to be tried, with why. The destination is null where no host can take it. Throws `vm-gone`.
   */
  placeNow(vm: VmRef, avoid: ReadonlyMap<string, string>): { readonly destination: string | null; readonly why: string } {
    const model = this.#model({ closed: avoid })
    const it = model.vms.find(({ uuid, host }) => uuid === vm.uuid && host === vm.host)
    if (!it) throw new Failure('vm-gone', 'This VM is no longer on that host.', { next: 'Look where it is now; it may have been moved or removed.' })
    const { placed } = place(model, [it])
    return { destination: placed[0]?.destination ?? null, why: placed[0]?.why ?? '' }
  }

  /**
   * For a row of an evacuation that is tried again: another host, where the planned one cannot take the VM any more (it is away, in maintenance, or full). null where
   * it can, or where no other can either.
   */
  elsewhere(vm: VmRef, planned: string): { readonly destination: string; readonly why: string } | null {
    const model = this.#model({})
    const it = model.vms.find(({ uuid, host }) => uuid === vm.uuid && host === vm.host)
    const against = it ? new Occupancy(model).whyNot([it], planned) : null
    if (!it || against === null) return null
    const name = model.hosts.find(({ id }) => id === vm.host)?.name ?? vm.host
    const { destination } = this.placeNow(vm, new Map([[planned, against], [vm.host, `${name} is being emptied.`]]))
    const to = model.hosts.find(({ id }) => id === destination)
    return to ? { destination: to.id, why: `${it.name} goes to ${to.name} instead: ${against}` } : null
  }

  async #begin(request: PlanRequest): Promise<PlanWork> {
    const { inventory, migration, placements, settings } = this.#parts
    const host = 'host' in request ? request.host : null
    if (host !== null && !inventory.host(host)) throw new Failure('host-unknown', 'This host is not known to Drover.')
    const needsPast = request.kind === 'return' || request.kind === 'undo'
    const [knowledge, line, past] = await Promise.all([migration.foreknowledge(), knownLines(this.#parts.runs), needsPast ? placements.list({ limit: pastDepth, ...(host === null ? {} : { host }) }) : []])
    const refusals = new Refusals()
    const model = this.#model({ ...this.#openness(request, past), refused: refusals.of })
    return new PlanWork({
      request,
      model,
      refusals,
      intent: intentOf(request, model, past),
      knowledge,
      line,
      settings: settings.current,
      isPersistent: ({ ref }) => inventory.vm(ref)?.isPersistent ?? true,
      knownProblem: (vm) => this.#knownProblem(vm),
    })
  }

  /** Which hosts take nothing in this plan beside those that take nothing anyway, and which one does although it is in maintenance. */
  #openness(request: PlanRequest, past: readonly { readonly id: string; readonly from: string }[]): Pick<ModelOptions, 'closed' | 'opened'> {
    switch (request.kind) {
      case 'evacuate': {
        const view = this.#parts.inventory.host(request.host)
        if (view && view.connection.state !== 'online') throw new Failure('nothing-to-plan', `${view.name} is not connected, so nothing can be moved off it.`, { next: 'Reconnect it.' })
        return { closed: new Map([[request.host, `${view?.name ?? 'It'} is being emptied.`]]) }
      }
      case 'return':
        return { opened: request.host }
      case 'undo': {
        const move = request.placement === null ? past[0] : past.find(({ id }) => id === request.placement)
        return move ? { opened: move.from } : {}
      }
      case 'balance':
        return {}
    }
  }

  #model(options: Omit<ModelOptions, 'rules' | 'busyCores'>): Model {
    const { inventory, rules, busyCores } = this.#parts
    return modelOf(inventory, { ...options, rules: rules.list(), busyCores: ({ ref }) => busyCores(ref) })
  }

  #knownProblem({ ref, name }: ModelVm): { code: string; message: string; next?: string } | null {
    const view = this.#parts.inventory.vm(ref)
    if (!view) return { code: 'vm-gone', message: `${name} is no longer there.` }
    if (view.job !== null) return { code: 'move-running', message: `${name} is already being moved.`, next: 'Wait for that move to end, or cancel it.' }
    if (view.hasManagedSave || view.state === 'saved') return { code: 'managed-save', message: `${name} has a saved state, which does not move.`, next: 'Start it, then move it running; or throw the saved state away.' }
    return null
  }
}

