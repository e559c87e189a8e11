import type { Job, LogLine } from '../../contract/job.ts'
import { messageOf } from '../../base/failure.ts'
import type { Log } from '../../base/log.ts'
import type { Store } from '../../store/store.ts'
import type { JobChange } from './open-job.ts'
import { toColumns, type MoveSample } from './sample-log.ts'

/** Milliseconds between two rows that the store keeps; the window sees all of them while the job is open. */
const storedEveryMs = 250

/** Keeps one open job in the store: its state at once, its progress once a second, and a thinned copy of its samples with the recorder's batches. */
export class JobRecording {
  readonly #store: Pick<Store, 'jobs' | 'recorder'>
  readonly #log: Log
  readonly #retryMs: number
  #newest: Job
  #isWriting: Promise<void> | null = null
  #timer: NodeJS.Timeout | null = null
  #lastRow: MoveSample | null = null
  #skipped: MoveSample | null = null

  constructor(job: Job, options: { store: Pick<Store, 'jobs' | 'recorder'>; log: Log; retryMs?: number }) {
    this.#newest = job
    this.#store = options.store
    this.#log = options.log
    this.#retryMs = options.retryMs ?? 1000
  }

  take(change: JobChange): void {
    this.#newest = change.job
    for (const row of change.samples) this.#takeRow(row)
    for (const line of change.log) this.#takeLine(line)
    if (change.isUrgent) this.#write()
    else this.#timer ??= setTimeout(() => this.#write(), this.#retryMs).unref()
  }

  /** Writes all there is and merges the batches. Never rejects: what the store did not take stays with its recorder. */
  async close(): Promise<void> {
    if (this.#skipped) this.#store.recorder.addSamples(this.#newest.id, toColumns([this.#skipped]))
    this.#skipped = null
    this.#write()
    while (this.#isWriting) await this.#isWriting
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    try {
      await this.#store.recorder.flush()
      await this.#store.jobs.compact(this.#newest.id)
    } catch (thrown) {
      this.#log.error({ job: this.#newest.id, err: messageOf(thrown) }, 'the store did not take the end of the job')
    }
  }

  #takeRow(row: MoveSample): void {
    const last = this.#lastRow
    if (last && row.t - last.t < storedEveryMs && row.phase === last.phase) {
      this.#skipped = row
      return
    }
    this.#lastRow = row
    this.#skipped = null
    this.#store.recorder.addSamples(this.#newest.id, toColumns([row]))
  }

  #takeLine(line: LogLine): void {
    this.#store.recorder.addLog(this.#newest.id, line)
  }

  /** One write at a time, always of the newest; a store that fails must not stop a move, so it is tried again. */
  #write(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    if (this.#isWriting) return
    const job = this.#newest
    this.#isWriting = this.#store.jobs
      .put(job)
      .then(() => {
        this.#isWriting = null
        if (this.#newest !== job) this.#write()
      })
      .catch((thrown: unknown) => {
        this.#isWriting = null
        this.#log.error({ job: job.id, err: messageOf(thrown) }, 'the store did not take the job')
        this.#timer ??= setTimeout(() => this.#write(), this.#retryMs).unref()
      })
  }
}
