import type { PlannedMove, PlanRequest } from '../../../contract/plan.ts'
import type { Run, RunFrame, RunRow } from '../../../contract/run.ts'
import { Failure } from '../../../base/failure.ts'
import { SlotHub } from '../../../base/slot-hub.ts'
import { enterMaintenance, leaveMaintenance } from '../maintenance/maintenance.ts'
import { openRunSlot, openRunsSlot, type RunsSlot, type RunWatchers } from './run-feed.ts'
import { isRowOpen, isUnderWay, OpenRun, type RunChange } from './open-run.ts'
import { RunCoordinator } from './run-coordinator.ts'
import { RunRecording } from './run-recording.ts'
import type { RunParts } from './run-parts.ts'
import { savedStateOf } from './saved-state.ts'

export interface NewRun {
  readonly run: string
  readonly request: PlanRequest
  readonly rows: readonly PlannedMove[]
  readonly reason: string
  readonly isMaintenance: boolean
  readonly perHost: number
  readonly perLink: number
  readonly forecastSeconds: readonly [number, number] | null
}

interface Tracked {
  readonly coordinator: RunCoordinator
  readonly recording: RunRecording
}

/** Ended runs that a new watcher is shown, and that can be gone on with. */
const recentLimit = 20
/** Milliseconds that progress may wait before watchers of all runs hear it. */
const announceMs = 500

/** The one owner of all runs: begins them, keeps them in the store, tells watchers, and finds them again after a restart. */
export class Runs {
  readonly #parts: RunParts
  readonly #who: string
  readonly #tracked = new Map<string, Tracked>()
  readonly #watchers: RunWatchers = new SlotHub()
  readonly #allSlots = new Set<RunsSlot>()
  #unsent = new Map<string, Run>()
  #sending: NodeJS.Timeout | null = null

  /** `who` is the user's name, for the history. */
  constructor(parts: RunParts, who: string) {
    this.#parts = parts
    this.#who = who
  }

  /** Takes up the runs of the last process: rows that a job moves are followed, the queue waits for a word. Rejects with a Failure of the store. */
  async restore(): Promise<void> {
    const { store, jobs, now } = this.#parts
    for (const view of [...(await store.runs.listEnded(recentLimit)).reverse(), ...(await store.runs.listOpen())]) {
      const { coordinator } = await this.#track(view)
      const { run } = coordinator
      if (view.state.state === 'done') continue
      for (const row of view.rows) {
        const { state } = row
        const { uuid } = row.vm
        if (state.state === 'moving') {
          if (await jobs.get(state.job)) coordinator.follow(row, state)
          else run.setRow(uuid, { state: 'waiting', reason: 'Its move had not begun when Drover ended.' })
        } else if (state.state === 'checking') run.setRow(uuid, { state: 'waiting', reason: 'Waiting for its turn.' })
        else if (isUnderWay(state)) run.setRow(uuid, { state: 'failed', at: now(), job: null, problem: interrupted(row), whereabouts: null })
      }
      run.say('warning', 'Drover was started anew in the middle of this run. Moves that an agent drives went on; nothing new begins until you say so.')
      run.enter({ state: 'awaiting-word', since: now(), reason: 'Drover was started anew in the middle of this run.' })
    }
  }

  /** Begins a run, or answers the known one of that id. VMs that come back end their host's maintenance. Rejects with `run-clash`, `plan-invalid`, `plan-outdated`, `host-unknown`, `vm-gone` or a Failure of the store. */
  async start(wish: NewRun): Promise<Run> {
    const known = this.#tracked.get(wish.run)?.coordinator.run.view ?? (await this.#parts.store.runs.get(wish.run))
    if (known) return known
    const rows = wish.rows.map((row) => this.#rowOf(row))
    if (!rows.some(({ state }) => state.state === 'waiting')) throw new Failure('plan-invalid', 'There is nothing to do in this plan.')
    for (const { vm, name } of rows.filter(({ state }) => state.state === 'waiting')) this.#refuseClash(vm.uuid, name)
    const { request } = wish
    const host = request.kind === 'evacuate' || request.kind === 'return' ? request.host : null
    const view: Run = {
      id: wish.run,
      request,
      hostName: host === null ? null : this.#parts.hosts.name(host),
      reason: wish.reason,
      who: this.#who,
      isMaintenance: wish.isMaintenance && request.kind === 'evacuate',
      bringsBack: false,
      createdAt: this.#parts.now(),
      endedAt: null,
      state: { state: 'running' },
      perHost: wish.perHost,
      perLink: wish.perLink,
      bandwidthMiBps: request.bandwidthMiBps,
      rows,
      forecastSeconds: wish.forecastSeconds && [...wish.forecastSeconds],
      eta: null,
    }
    // On disk before anything begins.
    await this.#parts.store.runs.put(view)
    if (view.isMaintenance && host !== null) await enterMaintenance(host, { reason: wish.reason, who: this.#who }, this.#parts)
    const isMaintained = request.kind === 'return' && this.#parts.hosts.record(request.host).maintenance !== null
    if (isMaintained) await leaveMaintenance(request.host, this.#parts)
    const { coordinator } = await this.#track(view)
    this.#announce(view, true)
    if (isMaintained) coordinator.run.say('info', `The maintenance of ${view.hostName} has ended.`)
    coordinator.run.say('info', `${rows.filter(({ state }) => state.state === 'waiting').length} VMs are to be moved, ${view.perHost} at once per host.`)
    coordinator.tick()
    return coordinator.run.view
  }

  /** Rejects with `run-unknown`, or `run-over`. */
  open(id: string): RunCoordinator {
    const { coordinator } = this.#of(id)
    if (coordinator.run.view.state.state === 'done') throw new Failure('run-over', 'This run has ended.', { next: 'A row can still be tried again.' })
    return coordinator
  }

  /** Throws `row-busy` for a row that is under way, `row-over` for one that has ended. */
  skip(id: string, vm: string): void {
    const coordinator = this.open(id)
    const { state, name } = rowIn(coordinator.run, vm)
    if (isUnderWay(state)) throw new Failure('row-busy', `${name} is under way.`, { next: 'Cancel its move.' })
    if (state.state !== 'waiting') throw new Failure('row-over', `${name} does not wait any more.`)
    coordinator.skip(vm)
  }

  /** Throws `run-unknown`, `row-busy`, `run-clash`, or `plan-invalid` for a row that has nowhere to go. */
  retry(id: string, vm: string, destination: string | null, why: string | null = null): void {
    const { coordinator } = this.#of(id)
    const row = rowIn(coordinator.run, vm)
    if (isRowOpen(row.state)) throw new Failure('row-busy', `${row.name} waits for its turn already, or is under way.`)
    if (row.state.state === 'moved') throw new Failure('row-over', `${row.name} has moved already.`)
    if (destination !== null) this.#parts.hosts.record(destination)
    if (destination === null && row.destination === null) throw new Failure('plan-invalid', `No host was chosen for ${row.name}.`, { next: 'Choose one.' })
    this.#refuseClash(vm, row.name, id)
    if (why !== null) coordinator.run.say('info', why)
    coordinator.retry(vm, destination)
  }

  /** A row that is to be tried again, with its run's request. Rejects with `run-unknown`. */
  rowOf(id: string, vm: string): { readonly row: RunRow; readonly request: PlanRequest } {
    const { run } = this.#of(id).coordinator
    return { row: rowIn(run, vm), request: run.view.request }
  }

  /** Frames of one run, first everything so far. Rejects with `run-unknown`. */
  async *watch(id: string, subscription: string, signal?: AbortSignal): AsyncGenerator<RunFrame, void, void> {
    const tracked = this.#tracked.get(id)
    const old = tracked ? null : await this.#parts.store.runs.get(id)
    if (!tracked && !old) throw unknownRun(id)
    const past = tracked ? null : { samples: await this.#parts.store.runs.samples(id), log: await this.#parts.store.runs.log(id) }
    const run = tracked?.coordinator.run
    yield* this.#watchers.watch(id, subscription, openRunSlot(run?.view ?? old!, () => past ?? { samples: run!.samples, log: run!.log }), signal)
  }

  async *watchAll(signal?: AbortSignal): AsyncGenerator<{ isSnapshot: boolean; runs: Run[] }, void, void> {
    const slot = openRunsSlot()
    this.#allSlots.add(slot)
    slot.offer(new Map([...this.#tracked].map(([id, { coordinator }]) => [id, coordinator.run.view])))
    try {
      let isSnapshot = true
      for await (const { seq, runs } of slot.frames(signal)) {
        slot.ack(seq)
        yield { isSnapshot, runs }
        isSnapshot = false
      }
    } finally {
      this.#allSlots.delete(slot)
    }
  }

  ack(subscription: string, seq: number): void {
    this.#watchers.ack(subscription, seq)
  }

  /** The run that a job belongs to, for the history. */
  ofJob(job: string): { readonly run: Run; readonly row: RunRow } | null {
    for (const { coordinator } of this.#tracked.values()) {
      const row = coordinator.run.view.rows.find(({ state }) => 'job' in state && state.job === job)
      if (row) return { run: coordinator.run.view, row }
    }
    return null
  }

  /** Whether a run has the host in hand: as the one that is emptied or filled, or as a destination of rows that are still open. */
  isBusy(host: string): boolean {
    return [...this.#tracked.values()].some(
      ({ coordinator }) => coordinator.run.view.state.state !== 'done' && coordinator.run.view.rows.some(({ vm, destination, state }) => isRowOpen(state) && (vm.host === host || destination === host)),
    )
  }

  /** Writes what is still in memory and forgets. Moves that agents drive go on. */
  async close(): Promise<void> {
    if (this.#sending) clearTimeout(this.#sending)
    this.#watchers.close()
    for (const slot of this.#allSlots) slot.close()
    for (const { coordinator } of this.#tracked.values()) coordinator.dispose()
    await Promise.all([...this.#tracked.values()].map(({ recording }) => recording.close()))
    for (const { coordinator } of this.#tracked.values()) coordinator.run.dispose()
    this.#tracked.clear()
  }

  #of(id: string): Tracked {
    const tracked = this.#tracked.get(id)
    if (!tracked) throw unknownRun(id)
    return tracked
  }

  async #track(view: Run): Promise<Tracked> {
    const { store, now, log } = this.#parts
    const [lines, samples] = await Promise.all([store.runs.log(view.id), store.runs.samples(view.id)])
    const run = new OpenRun(view, { now, log: lines, samples })
    const tracked: Tracked = { coordinator: new RunCoordinator(run, this.#parts), recording: new RunRecording(run, { store, log }) }
    this.#tracked.set(view.id, tracked)
    run.onDidChange((change) => this.#tell(change))
    for (const [id, { coordinator }] of this.#tracked) {
      if (this.#tracked.size <= recentLimit * 2) break
      if (coordinator.run.view.state.state !== 'done') continue
      coordinator.dispose()
      this.#tracked.delete(id)
    }
    return tracked
  }

  #rowOf(planned: PlannedMove): RunRow {
    const { hosts, inventory } = this.#parts
    const view = inventory.vm(planned.vm)
    if (!view) throw new Failure('vm-gone', `${planned.name} is no longer on ${hosts.name(planned.vm.host)}.`, { next: 'Make the plan anew.' })
    if (planned.destination !== null) hosts.record(planned.destination)
    const goes = planned.how !== 'stay' && planned.destination !== null
    const isOff = view.state === 'off' || view.state === 'saved'
    if (goes && (planned.how === 'offline') !== isOff) {
      throw new Failure('plan-outdated', `${planned.name} ${isOff ? 'ran' : 'was off'} when this plan was made; now it ${isOff ? 'is off' : 'runs'}.`, { next: 'Make the plan anew.' })
    }
    return {
      ...planned,
      state: goes ? { state: 'waiting', reason: 'Waiting for its turn.' } : { state: 'stays', reason: planned.why },
      sourceName: hosts.name(planned.vm.host),
      destinationName: planned.destination === null ? null : hosts.name(planned.destination),
      memoryKiB: view.memoryKiB,
      vcpus: view.vcpus,
      startedAt: null,
      endedAt: null,
      progress: null,
      throughput: null,
      eta: null,
    }
  }

  #refuseClash(uuid: string, name: string, except?: string): void {
    const job = this.#parts.jobs.jobOf(uuid)
    if (job && job.state.state !== 'uncertain') throw new Failure('run-clash', `${name} is being moved to ${job.destinationName}.`, { next: 'Wait for that move to end, or leave this VM out.' })
    for (const [id, { coordinator }] of this.#tracked) {
      const { view } = coordinator.run
      if (id === except || view.state.state === 'done' || !view.rows.some(({ vm, state }) => vm.uuid === uuid && isRowOpen(state))) continue
      throw new Failure('run-clash', `Another run has ${name} in hand.`, { evidence: `The run for ${view.hostName ?? 'all hosts'}, begun ${new Date(view.createdAt).toISOString()}.`, next: 'Wait for it to end, cancel it, or leave this VM out.' })
    }
  }

  #tell({ run, samples, log, isUrgent }: RunChange): void {
    this.#watchers.offer(run.id, { isSnapshot: false, run, samples, log })
    this.#announce(run, isUrgent)
  }

  #announce(run: Run, isUrgent: boolean): void {
    this.#unsent.set(run.id, run)
    if (isUrgent) this.#send()
    else this.#sending ??= setTimeout(() => this.#send(), announceMs).unref()
  }

  #send(): void {
    if (this.#sending) clearTimeout(this.#sending)
    this.#sending = null
    const runs = this.#unsent
    this.#unsent = new Map()
    for (const slot of this.#allSlots) slot.offer(runs)
  }
}

function rowIn(run: OpenRun, uuid: string): RunRow {
  const row = run.view.rows.find(({ vm }) => vm.uuid === uuid)
  if (!row) throw new Failure('vm-gone', 'This run has no such VM.', { evidence: uuid })
  return row
}

function interrupted({ name, state, vm, sourceName }: RunRow) {
  const code = 'run-interrupted'
  if (state.state === 'starting') return { code, message: `${name} was about to be started when Drover ended.`, next: 'Look at the VM: it may be off. Then start it.' }
  if (state.state === 'stopping' && state.how === 'save') {
    const { path } = savedStateOf(vm)
    return { code, message: `${name} was being saved when Drover ended.`, next: `Look at the VM: where it is off on ${sourceName}, \`virsh restore ${path}\` there has it go on. Then try the row again.` }
  }
  return { code, message: `${name} was being shut down when Drover ended.`, next: 'Look at the VM: it may be off. Start it, then try the row again.' }
}

function unknownRun(id: string): Failure {
  return new Failure('run-unknown', 'This run is not known here.', { evidence: id, next: 'It may belong to another profile.' })
}
