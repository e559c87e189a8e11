import type { Job, JobState, LogLine, MoveResult, MoveSamples, Whereabouts } from '../../contract/job.ts'
import type { PageFigures } from '../../contract/pages.ts'
import type { Problem } from '../../contract/problem.ts'
import type { Event } from '../../base/event.ts'
import { Emitter } from '../../base/event.ts'
import { checkTransition, isOpen, mayFollow } from './job-states.ts'
import { SampleLog, type MoveSample } from './sample-log.ts'

type Running = Extract<JobState, { state: 'running' }>

/** What changed in a job since the last time that somebody looked. */
export interface JobChange {
  readonly job: Job
  readonly samples: readonly MoveSample[]
  readonly log: readonly LogLine[]
  /** False for changes that may wait for the next batch to the store: progress, eta, samples. */
  readonly isUrgent: boolean
}

/** Lines kept per job; the oldest beyond it stay in the store. */
const logLimit = 5000

/**
 * A job while something may still happen to it. All changes to a job go through here, and each of them is announced once:
 * the state by the table of job-states, progress never falling, the log and the samples only growing.
 */
export class OpenJob {
  readonly id: string
  readonly samples: SampleLog
  readonly #now: () => number
  readonly #changed = new Emitter<JobChange>()
  readonly onDidChange: Event<JobChange> = this.#changed.event
  #view: Job
  #log: LogLine[]

  constructor(view: Job, options: { now?: () => number; samples?: MoveSamples; log?: readonly LogLine[] } = {}) {
    this.id = view.id
    this.#view = view
    this.#now = options.now ?? Date.now
    this.#log = [...(options.log ?? [])]
    this.samples = new SampleLog()
    if (options.samples) this.samples.restore(options.samples)
  }

  /** The job as the contract has it; a new object after every change. */
  get view(): Job {
    return this.#view
  }

  get log(): readonly LogLine[] {
    return this.#log
  }

  get isOpen(): boolean {
    return isOpen(this.#view.state)
  }

  /** Enters `running`, or changes some of it. A phase that may not follow the present one is ignored: reports of two daemons may cross. */
  run(change: Partial<Omit<Running, 'state'>>): void {
    const from = this.#view.state
    const base: Running =
      from.state === 'running'
        ? from
        : { state: 'running', phase: 'preparing', cancellation: { can: 'no', reason: 'The move is being prepared.' }, isPastNoReturn: false, canSwitch: false, canRecover: false }
    const phase = change.phase && (from.state !== 'running' || mayFollow(from.phase, change.phase)) ? change.phase : base.phase
    const to: Running = { ...base, ...change, phase, isPastNoReturn: base.isPastNoReturn || (change.isPastNoReturn ?? false) }
    if (from.state === 'running' && isSame(from, to)) return
    this.#enter(to, { startedAt: this.#view.startedAt ?? this.#now() })
  }

  wait(reason: string): void {
    this.#enter({ state: 'queued', reason })
  }

  succeed(result: MoveResult): void {
    this.#enter({ state: 'succeeded', result }, { progress: 1, eta: null, endedAt: this.#now() })
  }

  fail(problem: Problem, whereabouts: Whereabouts | null): void {
    this.#enter({ state: 'failed', problem, whereabouts }, { eta: null, endedAt: this.#view.endedAt ?? this.#now() })
  }

  cancel(whereabouts: Whereabouts | null): void {
    this.#enter({ state: 'cancelled', whereabouts }, { eta: null, endedAt: this.#view.endedAt ?? this.#now() })
  }

  /** Nobody drives it as far as is known; it stays open until both hosts have said where the VM is. */
  doubt(problem: Problem, whereabouts: Whereabouts | null): void {
    this.#enter({ state: 'uncertain', problem, whereabouts }, { eta: null })
  }

  /** Progress between 0 and 1; a smaller value than before is ignored. `eta` in seconds as in the contract. */
  advance(progress: number | null, eta: Job['eta']): void {
    if (!this.isOpen) return
    const before = this.#view.progress
    const bounded = progress === null || Number.isNaN(progress) ? null : Math.min(1, Math.max(0, progress))
    const next = bounded === null ? before : Math.max(before ?? 0, bounded)
    if (next === before && isSame(eta, this.#view.eta)) return
    this.#view = { ...this.#view, progress: next, eta }
    this.#tell([], [], false)
  }

  setDriver(driver: Job['driver']): void {
    if (driver === this.#view.driver) return
    this.#view = { ...this.#view, driver }
    this.#tell([], [], true)
  }

  /** What the agents know of the memory on its way. */
  count(pages: PageFigures): void {
    if (!this.isOpen) return
    // That a host may be powered off, and that its VM no longer needs it, is worth being told at once.
    const isUrgent = pages.mayPowerOff !== (this.#view.pages?.mayPowerOff ?? false) || pages.sourceFreeMs !== (this.#view.pages?.sourceFreeMs ?? null)
    this.#view = { ...this.#view, pages }
    this.#tell([], [], isUrgent)
  }

  sample(row: MoveSample): void {
    if (this.isOpen && this.samples.push(row)) this.#tell([row], [], false)
  }

  say(level: LogLine['level'], text: string): void {
    const line: LogLine = { t: this.#now(), level, text }
    this.#log.push(line)
    if (this.#log.length > logLimit) this.#log = this.#log.slice(-logLimit)
    this.#tell([], [line], false)
  }

  dispose(): void {
    this.#changed.dispose()
  }

  #enter(to: JobState, more: Partial<Job> = {}): void {
    checkTransition(this.#view.state, to)
    this.#view = { ...this.#view, ...more, state: to }
    this.#tell([], [], true)
  }

  #tell(samples: readonly MoveSample[], log: readonly LogLine[], isUrgent: boolean): void {
    this.#changed.fire({ job: this.#view, samples, log, isUrgent })
  }
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
