import type { Job, LogLine } from '../../../contract/job.ts'
import type { RunSample } from '../../../contract/run-sample.ts'
import type { Run, RunRow, RunRowState, RunState } from '../../../contract/run.ts'
import { Emitter } from '../../../base/event.ts'

export interface RunChange {
  readonly run: Run
  readonly samples: readonly RunSample[]
  readonly log: readonly LogLine[]
  /** False for what may wait for the next batch to the store: progress, samples, lines. */
  readonly isUrgent: boolean
}

/** Samples kept in memory, one a second; the oldest beyond it stay in the store. */
const sampleLimit = 7200

/** A run as it goes on. All changes go through here, and each of them is announced once. */
export class OpenRun {
  readonly id: string
  readonly #now: () => number
  readonly #changed = new Emitter<RunChange>()
  #view: Run
  #log: LogLine[]
  #samples: RunSample[]

  readonly onDidChange = this.#changed.event

  constructor(view: Run, options: { now: () => number; log?: readonly LogLine[]; samples?: readonly RunSample[] }) {
    this.id = view.id
    this.#view = view
    this.#now = options.now
    this.#log = [...(options.log ?? [])]
    this.#samples = [...(options.samples ?? [])]
  }

  get view(): Run {
    return this.#view
  }

  get log(): readonly LogLine[] {
    return this.#log
  }

  get samples(): readonly RunSample[] {
    return this.#samples
  }

  /** @throws Error for a VM that the run does not have: a fault of ours */
  row(uuid: string): RunRow {
    const row = this.#view.rows.find(({ vm }) => vm.uuid === uuid)
    if (!row) throw new Error(`no row for ${uuid}`)
    return row
  }

  enter(state: RunState, more: Partial<Run> = {}): void {
    this.#view = { ...this.#view, ...more, state, endedAt: state.state === 'done' ? state.at : null }
    this.#tell([], [], true)
  }

  set(change: Partial<Pick<Run, 'perHost' | 'perLink' | 'bandwidthMiBps' | 'bringsBack'>>): void {
    this.#view = { ...this.#view, ...change }
    this.#tell([], [], true)
  }

  setRow(uuid: string, state: RunRowState, more: Partial<RunRow> = {}): void {
    const isOver = state.state !== 'waiting' && !isUnderWay(state)
    const times = { startedAt: isUnderWay(state) ? (this.row(uuid).startedAt ?? this.#now()) : state.state === 'waiting' ? null : this.row(uuid).startedAt, endedAt: isOver ? this.#now() : null }
    this.#change(uuid, { ...times, progress: null, throughput: null, eta: null, ...more, state })
    this.#tell([], [], true)
  }

  /** Of the row's move. `throughput`: bytes per second. */
  advance(uuid: string, { progress, eta, throughput }: Pick<Job, 'progress' | 'eta'> & { readonly throughput: number | null }): void {
    const row = this.row(uuid)
    if (row.progress === progress && row.throughput === throughput && row.eta === eta) return
    this.#change(uuid, { progress, throughput, eta })
    this.#tell([], [], false)
  }

  setEta(eta: Run['eta']): void {
    this.#view = { ...this.#view, eta }
  }

  sample(sample: RunSample): void {
    this.#samples.push(sample)
    if (this.#samples.length > sampleLimit) this.#samples = this.#samples.slice(-sampleLimit)
    this.#tell([sample], [], false)
  }

  say(level: LogLine['level'], text: string): void {
    const line: LogLine = { t: this.#now(), level, text }
    this.#log.push(line)
    this.#tell([], [line], false)
  }

  dispose(): void {
    this.#changed.dispose()
  }

  #change(uuid: string, change: Partial<RunRow>): void {
    this.#view = { ...this.#view, rows: this.#view.rows.map((row) => (row.vm.uuid === uuid ? { ...row, ...change } : row)) }
  }

  #tell(samples: readonly RunSample[], log: readonly LogLine[], isUrgent: boolean): void {
    this.#changed.fire({ run: this.#view, samples, log, isUrgent })
  }
}

/** Something is being done with the row's VM right now. */
export function isUnderWay({ state }: RunRowState): boolean {
  return state === 'checking' || state === 'stopping' || state === 'moving' || state === 'starting'
}

/** The run may still do something with the row. */
export function isRowOpen(state: RunRowState): boolean {
  return state.state === 'waiting' || isUnderWay(state)
}
