import { mkdirSync, readdirSync, statSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { jobId } from '../protocol/move-spec.ts'
import type { AgentLog } from './agent-log.ts'
import { JobHistory } from './job-history.ts'

/** Histories that nobody asked for are dropped after this. */
const longestKeptMs = 30 * 24 * 3600 * 1000
const extension = '.jsonl'

/** The histories in a folder: of the jobs of this agent and of those before it. */
export class Histories {
  readonly #folder: string
  readonly #log: AgentLog
  readonly #histories = new Map<string, JobHistory>()

  constructor(folder: string, log: AgentLog) {
    this.#folder = folder
    this.#log = log
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    for (const name of readdirSync(folder)) {
      const job = name.slice(0, -extension.length)
      if (!name.endsWith(extension) || !jobId.safeParse(job).success) continue
      const path = join(folder, name)
      const isOld = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0) > longestKeptMs
      const history = isOld ? null : JobHistory.load(job, path, log)
      if (history) this.#histories.set(job, history)
      else unlinkSync(path)
    }
  }

  create(job: string): JobHistory {
    const history = new JobHistory(job, join(this.#folder, `${job}${extension}`), this.#log)
    this.#histories.set(job, history)
    return history
  }

  get(job: string): JobHistory | undefined {
    return this.#histories.get(job)
  }

  forget(job: string): void {
    this.#histories.get(job)?.forget()
    this.#histories.delete(job)
  }

  all(): JobHistory[] {
    return [...this.#histories.values()]
  }
}
