import type { RunRow, RunState } from '../../../contract/run.ts'
import { messageOf } from '../../../base/failure.ts'
import { problemOf } from '../../settings/problem.ts'
import { advance, carryOut, settle } from './carry-out.ts'
import { askEmptiness } from './emptiness.ts'
import { whenSettled } from './job-end.ts'
import { isRowOpen, isUnderWay, type OpenRun } from './open-run.ts'
import { RunSampler } from './run-sampler.ts'
import type { Direction } from './run-gang.ts'
import { isStoreFailure, type RunParts } from './run-parts.ts'
import { isComplete, verdictOf } from './verdict.ts'

interface Active {
  readonly from: string
  readonly to: string
  readonly abort: AbortController
}

/** Carries out one run: begins moves as places get free, obeys what the user says meanwhile, and asks the host at the end. */
export class RunCoordinator {
  readonly run: OpenRun
  readonly #parts: RunParts
  readonly #active = new Map<string, Active>()
  readonly #sampler: RunSampler
  #lastBegan = 0
  #timer: NodeJS.Timeout | null = null
  #isFinishing = false
  #isDisposed = false

  constructor(run: OpenRun, parts: RunParts) {
    this.run = run
    this.#parts = parts
    this.#sampler = new RunSampler(run, parts)
  }

  /** Begins what may begin now. Called after every change. */
  tick(): void {
    if (this.#isDisposed || this.#isFinishing) return
    const { state } = this.run.view
    if (state.state === 'done') return
    this.#sampler.setActive(this.#active.size > 0)
    if (state.state === 'running' || state.state === 'returning') {
      while (this.#beginNext(state.state === 'returning' ? 'back' : 'there'));
      if (this.#active.size === 0 && this.#next(state.state === 'returning' ? 'back' : 'there') === undefined) void this.#finish()
    } else if (state.state === 'stopping' && this.#active.size === 0) {
      if (state.mode === 'return' && this.run.view.rows.some(({ state: row }) => row.state === 'moved')) {
        this.run.say('info', 'What has moved is being brought back.')
        this.run.enter({ state: 'returning', since: this.#parts.now() })
        this.tick()
      } else void this.#finish()
    } else if (this.#active.size === 0 && !this.run.view.rows.some(({ state: row }) => isRowOpen(row)) && !this.run.view.bringsBack) {
      // Paused, or waiting for a word, with nothing left that could be done.
      void this.#finish()
    }
  }

  /** Goes on watching a row whose job outlived the last process. */
  follow(row: RunRow, { job, wake }: Extract<RunRow['state'], { state: 'moving' }>): void {
    const direction: Direction = this.run.view.bringsBack ? 'back' : 'there'
    const { uuid } = row.vm
    const way = this.#way(row, direction)
    this.#active.set(uuid, { ...way, abort: new AbortController() })
    void whenSettled(job, this.#parts.jobs, (now) => advance(this.run, uuid, now, this.#parts), new AbortController().signal)
      .then((ended) => settle(this.run, { row, direction, ...way }, ended, wake ?? null, this.#parts))
      .catch((thrown: unknown) => this.run.setRow(uuid, { state: 'failed', at: this.#parts.now(), job, problem: problemOf(thrown), whereabouts: null }))
      .finally(() => this.#ended(uuid))
  }

  pause(reason: string): void {
    const { state } = this.run.view.state
    if (state !== 'running' && state !== 'returning') return
    this.run.say('info', reason)
    this.run.enter({ state: 'paused', since: this.#parts.now(), reason })
  }

  resume(): void {
    const { state } = this.run.view.state
    if (state !== 'paused' && state !== 'awaiting-word') return
    this.run.say('info', 'The queue goes on.')
    this.#go()
  }

  /** Moves under way are cancelled where they can be, and end where they cannot. */
  cancel(mode: 'stop' | 'return'): void {
    this.run.say('info', mode === 'stop' ? 'Stopped by the user: nothing new begins.' : 'Cancelled by the user: what has moved is to be brought back.')
    for (const { vm, state } of this.run.view.rows) {
      if (state.state === 'waiting') this.run.setRow(vm.uuid, { state: 'skipped', at: this.#parts.now(), reason: 'The run was cancelled before its turn.' })
    }
    if (mode === 'return') this.run.set({ bringsBack: true })
    this.run.enter({ state: 'stopping', since: this.#parts.now(), mode })
    for (const { abort } of this.#active.values()) abort.abort(new Error('The run was cancelled.'))
    this.tick()
  }

  skip(uuid: string): void {
    this.run.setRow(uuid, { state: 'skipped', at: this.#parts.now(), reason: 'Skipped by the user.' })
    this.tick()
  }

  /** The row gets its turn again; a run that is over goes on with it. */
  retry(uuid: string, destination: string | null): void {
    const more = destination === null ? {} : { destination, destinationName: this.#parts.hosts.name(destination), how: this.run.row(uuid).how === 'stay' ? ('live' as const) : this.run.row(uuid).how }
    this.run.setRow(uuid, { state: 'waiting', reason: 'Waiting for its turn again.' }, more)
    if (this.run.view.state.state === 'done') {
      this.run.set({ bringsBack: false })
      this.#go()
    } else this.tick()
  }

  dispose(): void {
    this.#isDisposed = true
    if (this.#timer) clearTimeout(this.#timer)
    this.#sampler.dispose()
  }

  #go(): void {
    const state: RunState = this.run.view.bringsBack ? { state: 'returning', since: this.#parts.now() } : { state: 'running' }
    this.run.enter(state)
    this.tick()
  }

  #way(row: RunRow, direction: Direction): { from: string; to: string } {
    const to = row.destination ?? row.vm.host
    return direction === 'there' ? { from: row.vm.host, to } : { from: to, to: row.vm.host }
  }

  /** The first row whose turn could come, places or not. */
  #next(direction: Direction): RunRow | undefined {
    return this.run.view.rows.find((row) => row.destination !== null && (direction === 'there' ? row.state.state === 'waiting' : row.state.state === 'moved'))
  }

  /** Begins one row that has a place; false when there is none now. */
  #beginNext(direction: Direction): boolean {
    const { rows, request } = this.run.view
    const wait = this.#lastBegan + request.staggerSeconds * 1000 - this.#parts.now()
    if (this.#lastBegan > 0 && wait > 0) {
      if (this.#next(direction)) this.#timer ??= setTimeout(() => this.#wake(), wait)
      return false
    }
    const row = rows.find((each) => each.destination !== null && (direction === 'there' ? each.state.state === 'waiting' : each.state.state === 'moved') && this.#hasPlace(this.#way(each, direction)))
    if (!row) return false
    const { uuid } = row.vm
    const way = this.#way(row, direction)
    const active: Active = { ...way, abort: new AbortController() }
    this.#active.set(uuid, active)
    this.#lastBegan = this.#parts.now()
    this.#sampler.setActive(true)
    void carryOut(this.run, { row, direction, ...way, share: () => this.#share(way, uuid), onBegun: () => this.#shareAnew(), signal: active.abort.signal }, this.#parts)
      .catch((thrown: unknown) => this.#storeFailed(thrown))
      .finally(() => this.#ended(uuid))
    this.#shareAnew()
    return true
  }

  #wake(): void {
    this.#timer = null
    this.tick()
  }

  #ended(uuid: string): void {
    this.#active.delete(uuid)
    this.#shareAnew()
    this.tick()
  }

  #storeFailed(thrown: unknown): void {
    const problem = problemOf(thrown)
    if (isStoreFailure(problem.code)) this.pause(`${problem.message} Nothing new begins until you say so.`)
    else this.#parts.log.error({ run: this.run.id, err: messageOf(thrown) }, 'a row failed without saying so')
  }

  #hasPlace({ from, to }: { from: string; to: string }): boolean {
    const { perHost, perLink } = this.run.view
    const active = [...this.#active.values()]
    const touching = (host: string) => active.filter((each) => each.from === host || each.to === host).length
    return touching(from) < perHost && touching(to) < perHost && active.filter((each) => each.from === from && each.to === to).length < perLink
  }

  /** MiB/s for a move on this way: an equal part of the budget of the busier host. Those of a gang have one limit for all of them together. */
  #share({ from, to }: { from: string; to: string }, uuid: string): number | null {
    const { bandwidthMiBps } = this.run.view
    if (bandwidthMiBps === null) return null
    const active = [...this.#active.values()]
    const busiest = Math.max(1, ...[from, to].map((host) => active.filter((each) => each.from === host || each.to === host).length))
    const isGang = (id: string) => this.run.row(id).options?.technique === 'gang'
    const together = isGang(uuid) ? Math.max(1, [...this.#active.keys()].filter(isGang).length) : 1
    return Math.max(1, Math.floor((bandwidthMiBps * together) / Math.max(busiest, together)))
  }

  /** Moves that are under way share the budget anew when one begins or ends, or the budget changes. */
  #shareAnew(): void {
    if (this.run.view.bandwidthMiBps === null) return
    for (const [uuid, active] of this.#active) {
      const { state } = this.run.row(uuid)
      const share = this.#share(active, uuid)
      if (state.state === 'moving' && share !== null) void this.#parts.migration.setLimits(state.job, { bandwidthMiBps: share }).catch(() => {})
    }
  }

  setParallelism(change: { perHost: number; perLink: number; bandwidthMiBps?: number | null | undefined }): void {
    const { bandwidthMiBps = this.run.view.bandwidthMiBps } = change
    this.run.set({ perHost: change.perHost, perLink: change.perLink, bandwidthMiBps })
    this.#shareAnew()
    this.tick()
  }

  async #finish(): Promise<void> {
    this.#isFinishing = true
    try {
      const { request, state, isMaintenance } = this.run.view
      const isCancelled = state.state === 'stopping' || state.state === 'returning'
      const emptiness = request.kind === 'evacuate' ? await askEmptiness(request.host, this.#parts) : null
      // A row may have been given another chance meanwhile.
      if (this.#isDisposed || this.run.view.state !== state || this.run.view.rows.some((row) => isUnderWay(row.state) || (state.state === 'running' && isRowOpen(row.state)))) return
      if (isMaintenance && emptiness?.isEmpty && request.kind === 'evacuate') await this.#enterMaintenance(request.host)
      const verdict = verdictOf(this.run.view, emptiness, isCancelled)
      this.run.say('info', verdict)
      this.run.enter({ state: 'done', at: this.#parts.now(), isComplete: isComplete(this.run.view), isCancelled, verdict, emptiness }, { eta: null })
    } finally {
      this.#isFinishing = false
      if (this.run.view.state.state !== 'done') this.tick()
      else this.#sampler.setActive(false)
    }
  }

  async #enterMaintenance(host: string): Promise<void> {
    const { maintenance } = this.#parts.hosts.record(host)
    if (maintenance) await this.#parts.hosts.update(host, { maintenance: { ...maintenance, state: 'in' } }).catch((thrown: unknown) => this.run.say('warning', messageOf(thrown)))
  }
}
