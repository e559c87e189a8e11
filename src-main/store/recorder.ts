import type { LogLine, MoveSamples } from '../contract/job.ts'
import type { JobBatch, JobRepository } from './jobs.ts'
import { appendSamples, noSamples } from './samples.ts'
import type { Writer } from './writer.ts'

/**
 * Gathers samples and log lines and writes them in one transaction a second. What cannot be written (a full disk) stays in memory and is tried again every
 * second: a move makes a few hundred bytes a second, so hours of it fit, and nothing is dropped while the process lives.
 */
export class JobRecorder {
  readonly #jobs: Pick<JobRepository, 'append'>
  readonly #writer: Pick<Writer, 'owe' | 'settle'>
  readonly #everyMs: number
  #pending = new Map<string, { job: string; samples: MoveSamples; log: LogLine[] }>()
  #timer: NodeJS.Timeout | null = null
  #writing: Promise<void> = Promise.resolve()
  #isOwing = false

  /** `everyMs` is shorter in tests. */
  constructor(jobs: Pick<JobRepository, 'append'>, writer: Pick<Writer, 'owe' | 'settle'>, everyMs: number = 1000) {
    this.#jobs = jobs
    this.#writer = writer
    this.#everyMs = everyMs
  }

  addSamples(job: string, samples: MoveSamples): void {
    appendSamples(this.#of(job).samples, samples)
  }

  addLog(job: string, line: LogLine): void {
    this.#of(job).log.push(line)
  }

  /** What was added and is not on disk yet; null when all is. */
  pending(job: string): JobBatch | null {
    return this.#pending.get(job) ?? null
  }

  /** Writes what is pending now. Resolves when it is on disk; rejects with a Failure of the store, and then goes on trying. */
  async flush(): Promise<void> {
    const write = this.#writing.then(() => this.#write())
    this.#writing = write.catch(() => {})
    return write
  }

  /** Tries once more to write what is pending. Never rejects: the writer knows of the failure. */
  async close(): Promise<void> {
    await this.flush().catch(() => {})
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
  }

  #of(job: string): { samples: MoveSamples; log: LogLine[] } {
    let batch = this.#pending.get(job)
    if (!batch) this.#pending.set(job, (batch = { job, samples: noSamples(), log: [] }))
    this.#wait()
    return batch
  }

  #wait(): void {
    this.#timer ??= setTimeout(() => void this.flush().catch(() => {}), this.#everyMs)
  }

  async #write(): Promise<void> {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    if (this.#pending.size === 0) return
    const taken = this.#pending
    this.#pending = new Map()
    try {
      await this.#jobs.append([...taken.values()])
    } catch (thrown) {
      // Back in front of what came meanwhile.
      for (const { job, samples, log } of this.#pending.values()) {
        const before = taken.get(job)
        if (!before) taken.set(job, { job, samples, log })
        else {
          appendSamples(before.samples, samples)
          before.log.push(...log)
        }
      }
      this.#pending = taken
      this.#wait()
      if (!this.#isOwing) this.#writer.owe()
      this.#isOwing = true
      throw thrown
    }
    if (this.#isOwing) this.#writer.settle()
    this.#isOwing = false
  }
}
