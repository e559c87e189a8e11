import type { Job, JobFrame, Whereabouts } from '../../contract/job.ts'
import { Emitter } from '../../base/event.ts'
import { Failure, messageOf } from '../../base/failure.ts'
import type { Log } from '../../base/log.ts'
import { SlotHub } from '../../base/slot-hub.ts'
import type { JobFilter } from '../../store/jobs.ts'
import type { JournalEntry } from '../../store/journal.ts'
import type { Store } from '../../store/store.ts'
import { openJobSlot, openJobsSlot, type JobPast, type JobsSlot, type JobWatchers } from './job-feed.ts'
import { JobRecording } from './job-recording.ts'
import { OpenJob, type JobChange } from './open-job.ts'

/** What the client and the hosts say of a job before it begins. */
export type NewJob = Pick<Job, 'id' | 'plan' | 'vmName' | 'sourceName' | 'destinationName' | 'driver' | 'gang'>
export type ResolveStep = 'resume-source' | 'suspend-source'
export type JobStore = Pick<Store, 'jobs' | 'journal' | 'recorder'>

/** Whoever knows how a job's work is done: asks hosts, finds drivers again, takes safe steps. */
export interface JobDirector {
  /** Finds out what became of an open job of an earlier process, and goes on with it or ends it. */
  revive(job: OpenJob): Promise<void>
  locate(job: Job, signal?: AbortSignal): Promise<Whereabouts>
  /** Answers where the VM is after the step. */
  resolve(job: Job, step: ResolveStep, signal?: AbortSignal): Promise<Whereabouts>
}

interface Tracked {
  readonly open: OpenJob
  readonly recording: JobRecording
}

/** Ended jobs that a new watcher of all jobs is shown. */
const recentLimit = 50
/** Milliseconds that progress may wait, so that ten samples a second are not ten frames for every open window. */
const announceMs = 200

/** The one owner of all jobs: makes them, keeps them in the store, tells watchers, and finds them again after a restart. */
export class Jobs {
  readonly #store: JobStore
  readonly #log: Log
  readonly #now: () => number
  readonly #tracked = new Map<string, Tracked>()
  readonly #recent: Map<string, Job>
  readonly #watchers: JobWatchers = new SlotHub()
  readonly #allSlots = new Set<JobsSlot>()
  readonly #changed = new Emitter<Job>()
  readonly #closing = new Set<Promise<void>>()
  #unsent = new Map<string, Job>()
  #sending: NodeJS.Timeout | null = null
  #director: JobDirector | null = null

  /** Fires at every change of a job's state, and a few times a second for its progress. */
  readonly onDidChange = this.#changed.event

  private constructor(options: { store: JobStore; log: Log; now?: () => number }, recent: readonly Job[]) {
    this.#store = options.store
    this.#log = options.log
    this.#now = options.now ?? Date.now
    this.#recent = new Map(recent.map((job) => [job.id, job]))
  }

  /** Reads the recently ended jobs. Rejects with a Failure of the store. */
  static async open(options: { store: JobStore; log: Log; now?: () => number }): Promise<Jobs> {
    return new Jobs(options, (await options.store.jobs.listEnded({ limit: recentLimit })).reverse())
  }

  direct(director: JobDirector): void {
    this.#director = director
  }

  /**
   * Makes a job, or answers the known one of that id. The job is in the store when this resolves.
   * @throws Failure `move-running` when another job moves the same VM, or one of the store
   */
  async create(fresh: NewJob): Promise<{ readonly job: OpenJob } | { readonly known: Job }> {
    const known = await this.get(fresh.id)
    if (known) return { known }
    const rival = this.jobOf(fresh.plan.vm.uuid)
    if (rival && rival.state.state !== 'uncertain') throw rivalFailure(fresh.vmName, rival)
    const view: Job = { ...fresh, kind: 'move', createdAt: this.#now(), startedAt: null, endedAt: null, state: { state: 'queued', reason: 'Waiting for its turn.' }, progress: null, eta: null }
    // Tracked before anything is awaited: of two windows that ask at once, one is told of the other.
    const job = this.#track(new OpenJob(view, { now: this.#now }))
    try {
      await this.#store.jobs.put(view)
    } catch (thrown) {
      this.#tracked.delete(view.id)
      job.dispose()
      throw thrown
    }
    this.#announce(view, true)
    return { job }
  }

  /** An open or ended job. */
  async get(id: string): Promise<Job | null> {
    return this.#known(id) ?? (await this.#store.jobs.get(id))
  }

  /** The open job of that id, for whoever drives it. */
  open(id: string): OpenJob | null {
    return this.#tracked.get(id)?.open ?? null
  }

  openJobs(): Job[] {
    return [...this.#tracked.values()].map(({ open }) => open.view)
  }

  /** The open job that moves the VM of this UUID, at either end. */
  jobOf(uuid: string): Job | null {
    for (const { open } of this.#tracked.values()) if (open.view.plan.vm.uuid === uuid) return open.view
    return null
  }

  list(filter: JobFilter): Promise<Job[]> {
    return this.#store.jobs.listEnded(filter)
  }

  /** Writes down what is about to be done; durable when it resolves. `detail` never holds XML, cookies or anything secret. */
  intend(job: string, step: string, detail?: unknown): Promise<void> {
    return this.#store.journal.append({ job, step, kind: 'intent', detail })
  }

  /** Writes down that it was done. Never rejects: an intent that stays open is only looked into once more. */
  async settle(job: string, step: string): Promise<void> {
    await this.#store.journal.append({ job, step, kind: 'done' }).catch((thrown: unknown) => this.#log.warn({ job, step, err: messageOf(thrown) }, 'the journal did not take it'))
  }

  journal(job: string): Promise<JournalEntry[]> {
    return this.#store.journal.list(job)
  }

  /** Takes up every job that had not ended when the last process did. Each is `uncertain` until the director knows better. */
  async restore(): Promise<void> {
    for (const view of await this.#store.jobs.listOpen()) {
      if (this.#tracked.has(view.id)) continue
      const [samples, log] = await Promise.all([this.#store.jobs.samples(view.id), this.#store.jobs.log(view.id)])
      const job = this.#track(new OpenJob(view, { now: this.#now, samples, log }))
      job.say('warning', 'Drover was started anew while this move was open. Looking for what became of it.')
      job.doubt({ code: 'driver-unknown', message: 'Drover was not there to see how this move went on.', next: 'Both hosts are being asked.' }, null)
      void this.#director?.revive(job).catch((thrown: unknown) => this.#log.error({ job: view.id, err: messageOf(thrown) }, 'could not revive the job'))
    }
  }

  /** Frames of one job, first everything so far. @throws Failure `job-unknown` */
  async *watch(id: string, subscription: string, signal?: AbortSignal): AsyncGenerator<JobFrame, void, void> {
    const past = await this.#pastOf(id)
    const job = this.#known(id) ?? (await this.get(id))
    if (!job) throw unknownJob(id)
    yield* this.#watchers.watch(id, subscription, openJobSlot(job, past), signal)
  }

  /** Frames of all open and recently ended jobs. */
  async *watchAll(signal?: AbortSignal): AsyncGenerator<{ isSnapshot: boolean; jobs: Job[] }, void, void> {
    const slot = openJobsSlot()
    this.#allSlots.add(slot)
    slot.offer(new Map([...this.#recent, ...this.openJobs().map((job) => [job.id, job] as const)]))
    try {
      let isSnapshot = true
      for await (const { seq, jobs } of slot.frames(signal)) {
        // Whoever asks for the next frame has taken this one.
        slot.ack(seq)
        yield { isSnapshot, jobs }
        isSnapshot = false
      }
    } finally {
      this.#allSlots.delete(slot)
    }
  }

  ack(subscription: string, seq: number): void {
    this.#watchers.ack(subscription, seq)
  }

  /** Asks both hosts where the VM is, and keeps the answer with the job. @throws Failure `job-unknown`, or what the hosts say */
  async locate(id: string, signal?: AbortSignal): Promise<Whereabouts> {
    return this.#ask(id, (director, job) => director.locate(job, signal))
  }

  /** Takes a safe step; what makes it safe is checked again first. @throws Failure `job-unknown`, `step-unsafe`, or what the hosts say */
  async resolve(id: string, step: ResolveStep, signal?: AbortSignal): Promise<Whereabouts> {
    return this.#ask(id, (director, job) => director.resolve(job, step, signal))
  }

  /** Writes what is still in memory and forgets; moves that are driven elsewhere go on. */
  async close(): Promise<void> {
    for (const { open, recording } of this.#tracked.values()) {
      open.dispose()
      this.#settleRecording(recording)
    }
    this.#tracked.clear()
    if (this.#sending) clearTimeout(this.#sending)
    this.#watchers.close()
    for (const slot of this.#allSlots) slot.close()
    this.#changed.dispose()
    await Promise.all(this.#closing)
  }

  async #ask(id: string, question: (director: JobDirector, job: Job) => Promise<Whereabouts>): Promise<Whereabouts> {
    const job = await this.get(id)
    if (!job || !this.#director) throw unknownJob(id)
    const whereabouts = await question(this.#director, job)
    const open = this.open(id)
    if (open?.view.state.state === 'uncertain') open.doubt(open.view.state.problem, whereabouts)
    const now = await this.get(id)
    if (now && (now.state.state === 'failed' || now.state.state === 'cancelled')) await this.#amend({ ...now, state: { ...now.state, whereabouts } })
    return whereabouts
  }

  async #amend(job: Job): Promise<void> {
    await this.#store.jobs.put(job)
    if (this.#recent.has(job.id)) this.#recent.set(job.id, job)
    this.#tell({ job, samples: [], log: [], isUrgent: true })
  }

  #known(id: string): Job | null {
    return this.#tracked.get(id)?.open.view ?? this.#recent.get(id) ?? null
  }

  async #pastOf(id: string): Promise<() => JobPast> {
    const open = this.open(id)
    if (open) return () => ({ samples: open.samples.columns(), log: open.log })
    await Promise.all(this.#closing)
    const [samples, log] = await Promise.all([this.#store.jobs.samples(id), this.#store.jobs.log(id)])
    return () => ({ samples, log })
  }

  #track(open: OpenJob): OpenJob {
    const recording = new JobRecording(open.view, { store: this.#store, log: this.#log })
    this.#tracked.set(open.id, { open, recording })
    open.onDidChange((change) => {
      recording.take(change)
      if (!open.isOpen && this.#tracked.delete(open.id)) this.#end(open, recording)
      this.#tell(change)
    })
    return open
  }

  #end(open: OpenJob, recording: JobRecording): void {
    this.#recent.set(open.id, open.view)
    for (const id of this.#recent.keys()) {
      if (this.#recent.size <= recentLimit) break
      this.#recent.delete(id)
    }
    this.#settleRecording(recording)
  }

  #settleRecording(recording: JobRecording): void {
    const closing = recording.close().finally(() => this.#closing.delete(closing))
    this.#closing.add(closing)
  }

  #tell(change: JobChange): void {
    this.#watchers.offer(change.job.id, { isSnapshot: false, job: change.job, samples: change.samples, log: change.log })
    if (change.log.length === 0 || change.isUrgent) this.#announce(change.job, change.isUrgent)
  }

  #announce(job: Job, isUrgent: boolean): void {
    this.#unsent.set(job.id, job)
    if (isUrgent) return this.#send()
    this.#sending ??= setTimeout(() => this.#send(), announceMs).unref()
  }

  #send(): void {
    if (this.#sending) clearTimeout(this.#sending)
    this.#sending = null
    const jobs = this.#unsent
    this.#unsent = new Map()
    for (const slot of this.#allSlots) slot.offer(jobs)
    for (const job of jobs.values()) this.#changed.fire(job)
  }
}

function rivalFailure(vmName: string, rival: Job): Failure {
  return new Failure('move-running', `${vmName} is already being moved from ${rival.sourceName} to ${rival.destinationName}.`, {
    evidence: `Job ${rival.id} is ${rival.state.state}.`,
    next: 'Wait for that move to end, or cancel it.',
  })
}

function unknownJob(id: string): Failure {
  return new Failure('job-unknown', 'This job is not known here.', { evidence: id, next: 'It may belong to another profile.' })
}
