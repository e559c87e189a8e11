import type { LogLine } from '../../../contract/job.ts'
import type { RunSample } from '../../../contract/run-sample.ts'
import { messageOf } from '../../../base/failure.ts'
import type { Log } from '../../../base/log.ts'
import type { Store } from '../../../store/store.ts'
import type { OpenRun, RunChange } from './open-run.ts'

/** Milliseconds between two batches of samples and lines. */
const batchMs = 5000
/** The same where the store did not take the last one, or more came meanwhile. */
const retryMs = 500

/** Keeps one run in the store: what happens to its rows at once, samples and lines in batches. What the store does not take is offered to it again. */
export class RunRecording {
  readonly #run: OpenRun
  readonly #store: Pick<Store, 'runs'>
  readonly #log: Log
  #samples: RunSample[] = []
  #lines: LogLine[] = []
  #isDirty = false
  #writing: Promise<void> | null = null
  #timer: NodeJS.Timeout | null = null

  constructor(run: OpenRun, options: { store: Pick<Store, 'runs'>; log: Log }) {
    this.#run = run
    this.#store = options.store
    this.#log = options.log
    run.onDidChange((change) => this.#take(change))
  }

  /** Writes all there is. Never rejects. */
  async close(): Promise<void> {
    if (this.#timer) clearTimeout(this.#timer)
    await this.#writing
    await this.#write()
  }

  #take({ samples, log, isUrgent }: RunChange): void {
    this.#samples.push(...samples)
    this.#lines.push(...log)
    this.#isDirty = true
    if (isUrgent) this.#begin()
    else this.#timer ??= setTimeout(() => this.#begin(), batchMs).unref()
  }

  #begin(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    this.#writing ??= this.#write().finally(() => {
      this.#writing = null
      if (this.#isDirty) this.#timer ??= setTimeout(() => this.#begin(), retryMs).unref()
    })
  }

  async #write(): Promise<void> {
    const [samples, lines] = [this.#samples, this.#lines]
    this.#samples = []
    this.#lines = []
    this.#isDirty = false
    try {
      await this.#store.runs.put(this.#run.view)
      await this.#store.runs.appendLog(this.#run.id, lines)
      await this.#store.runs.appendSamples(this.#run.id, samples)
    } catch (thrown) {
      this.#samples.unshift(...samples)
      this.#lines.unshift(...lines)
      this.#isDirty = true
      this.#log.error({ run: this.#run.id, err: messageOf(thrown) }, 'the store did not take the run')
    }
  }
}
