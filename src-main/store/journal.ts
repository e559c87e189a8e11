import type { Kysely } from 'kysely'
import type { Schema } from './schema.ts'
import type { Writer } from './writer.ts'

/** One line of a job's journal: what is about to be done, or was done. `t` in milliseconds since the epoch. */
export interface JournalEntry {
  readonly job: string
  readonly t: number
  readonly step: string
  readonly kind: 'intent' | 'done'
  /** Whatever a restart needs to understand the step; never Begin's XML, cookies or anything secret. */
  readonly detail: unknown
}

/** Intents that are on disk before they are carried out, so that a restart knows what may have happened. Append-only. */
export class JournalRepository {
  readonly #db: Kysely<Schema>
  readonly #writer: Writer

  constructor(db: Kysely<Schema>, writer: Writer) {
    this.#db = db
    this.#writer = writer
  }

  /** Resolves when the entry is on disk. Rejects with a Failure of the store (`store-full`…): then the step must not be taken. */
  async append(entry: Omit<JournalEntry, 't' | 'detail'> & { detail?: unknown }): Promise<void> {
    const { job, step, kind, detail } = entry
    const query = this.#db.insertInto('journal').values({ job, t: Date.now(), step, kind, detail: detail === undefined ? null : JSON.stringify(detail) })
    await this.#writer.write(() => query.execute())
  }

  /** Oldest first. */
  async list(job: string): Promise<JournalEntry[]> {
    const rows = await this.#db.selectFrom('journal').selectAll().where('job', '=', job).orderBy('id').execute()
    return rows.map((row) => ({
      job: row.job,
      t: row.t,
      step: row.step,
      kind: row.kind === 'done' ? 'done' : 'intent',
      detail: row.detail === null ? null : (JSON.parse(row.detail) as unknown),
    }))
  }

  /** Intents without a `done` of the same step after them, oldest first: what a restart must look into. */
  async open(job: string): Promise<JournalEntry[]> {
    const entries = await this.list(job)
    return entries.filter(({ kind, step }, at) => kind === 'intent' && !entries.slice(at + 1).some((later) => later.kind === 'done' && later.step === step))
  }
}
