import type { Kysely } from 'kysely'
import type { LogLine } from '../contract/job.ts'
import { run as runSchema, type Run } from '../contract/run.ts'
import type { RunSample } from '../contract/run-sample.ts'
import { logLine } from '../contract/job.ts'
import type { Schema } from './schema.ts'
import type { Writer } from './writer.ts'

/** Runs of plans, with the samples and log lines of their pages. A row that no longer fits the contract is left out of lists, and stays in the file. */
export class RunRepository {
  readonly #db: Kysely<Schema>
  readonly #writer: Writer

  constructor(db: Kysely<Schema>, writer: Writer) {
    this.#db = db
    this.#writer = writer
  }

  /** Writes the run as it is, new or replacing. Rejects with a Failure of the store: then nothing that depends on it may begin. */
  async put(run: Run): Promise<void> {
    const values = { created_at: run.createdAt, ended_at: run.endedAt, json: JSON.stringify(run) }
    const query = this.#db
      .insertInto('run')
      .values({ id: run.id, ...values })
      .onConflict((conflict) => conflict.column('id').doUpdateSet(values))
    await this.#writer.write(() => query.execute())
  }

  async get(id: string): Promise<Run | null> {
    const row = await this.#db.selectFrom('run').select('json').where('id', '=', id).executeTakeFirst()
    return row ? parseRun(row.json) : null
  }

  /** Without an end, oldest first: after a restart they wait for a word. */
  async listOpen(): Promise<Run[]> {
    const rows = await this.#db.selectFrom('run').select('json').where('ended_at', 'is', null).orderBy('created_at').execute()
    return rows.flatMap(({ json }) => parseRun(json) ?? [])
  }

  /** Ended ones, newest first. */
  async listEnded(limit: number): Promise<Run[]> {
    const rows = await this.#db.selectFrom('run').select('json').where('ended_at', 'is not', null).orderBy('ended_at', 'desc').limit(limit).execute()
    return rows.flatMap(({ json }) => parseRun(json) ?? [])
  }

  async appendLog(run: string, lines: readonly LogLine[]): Promise<void> {
    if (lines.length === 0) return
    await this.#writer.write(() => this.#db.insertInto('run_log').values(lines.map((line) => ({ run, ...line }))).execute())
  }

  /** Oldest first. */
  async log(run: string): Promise<LogLine[]> {
    const rows = await this.#db.selectFrom('run_log').select(['t', 'level', 'text']).where('run', '=', run).orderBy('id').execute()
    return rows.map((row) => logLine.parse(row))
  }

  async appendSamples(run: string, samples: readonly RunSample[]): Promise<void> {
    if (samples.length === 0) return
    await this.#writer.write(() => this.#db.insertInto('run_sample').values({ run, json: JSON.stringify(samples) }).execute())
  }

  /** Oldest first. */
  async samples(run: string): Promise<RunSample[]> {
    const rows = await this.#db.selectFrom('run_sample').select('json').where('run', '=', run).orderBy('id').execute()
    return rows.flatMap(({ json }) => JSON.parse(json) as RunSample[])
  }
}

function parseRun(json: string): Run | null {
  return runSchema.safeParse(JSON.parse(json)).data ?? null
}
