import { sql, type Kysely, type Transaction } from 'kysely'
import { job as jobSchema, logLine, type Job, type LogLine, type MoveSamples } from '../contract/job.ts'
import { appendSamples, noSamples, packSamples, unpackSamples } from './samples.ts'
import type { Schema } from './schema.ts'
import type { Writer } from './writer.ts'

export interface JobFilter {
  readonly host?: string | undefined
  /** A VM's uuid. */
  readonly vm?: string | undefined
  /** Words that must all be found in the names of VM and hosts, the technique, the state or the failure. */
  readonly text?: string | undefined
  /** Only jobs created before, in milliseconds since the epoch. */
  readonly before?: number | undefined
  /** At most so many, 1 or more. */
  readonly limit: number
}

/** What is to be written about one job. */
export interface JobBatch {
  readonly job: string
  readonly samples: MoveSamples
  readonly log: readonly LogLine[]
}

/** Jobs with their samples and log lines. A row that no longer fits the contract is left out of lists, and stays in the file. */
export class JobRepository {
  readonly #db: Kysely<Schema>
  readonly #writer: Writer

  constructor(db: Kysely<Schema>, writer: Writer) {
    this.#db = db
    this.#writer = writer
  }

  /** Writes the snapshot, new or replacing. Rejects with a Failure of the store. */
  async put(job: Job): Promise<void> {
    const { id, ...values } = rowOf(job)
    const query = this.#db
      .insertInto('job')
      .values({ id, ...values })
      .onConflict((conflict) => conflict.column('id').doUpdateSet(values))
    await this.#writer.write(() => query.execute())
  }

  async get(id: string): Promise<Job | null> {
    const row = await this.#db.selectFrom('job').select('json').where('id', '=', id).executeTakeFirst()
    return row ? parseJob(row.json) : null
  }

  /** Ended jobs, newest first. */
  async listEnded(filter: JobFilter): Promise<Job[]> {
    let query = this.#db.selectFrom('job').select('json').where('ended_at', 'is not', null)
    const { host, vm, text, before, limit } = filter
    if (host !== undefined) query = query.where((where) => where.or([where('source', '=', host), where('destination', '=', host)]))
    if (vm !== undefined) query = query.where('vm_uuid', '=', vm)
    if (before !== undefined) query = query.where('created_at', '<', before)
    for (const word of text?.toLowerCase().split(/\s+/).filter(Boolean) ?? []) query = query.where(sql<boolean>`instr(words, ${word}) > 0`)
    const rows = await query.orderBy('created_at', 'desc').orderBy('id').limit(limit).execute()
    return rows.flatMap(({ json }) => parseJob(json) ?? [])
  }

  /** Jobs without an end, oldest first: after a restart, those whose outcome must be found out. */
  async listOpen(): Promise<Job[]> {
    const rows = await this.#db.selectFrom('job').select('json').where('ended_at', 'is', null).orderBy('created_at').orderBy('id').execute()
    return rows.flatMap(({ json }) => parseJob(json) ?? [])
  }

  /** Appends to the samples and logs of several jobs in one transaction. Rejects with a Failure of the store, having written nothing. */
  async append(batches: readonly JobBatch[]): Promise<void> {
    await this.#transaction(async (transaction) => {
      for (const { job, samples, log } of batches) {
        if (samples.t.length > 0) await transaction.insertInto('job_sample').values(sampleRow(job, samples)).execute()
        for (const { t, level, text } of log) await transaction.insertInto('job_log').values({ job, t, level, text }).execute()
      }
    })
  }

  /** All samples that were written, oldest first. Rejects when they are damaged. */
  async samples(id: string): Promise<MoveSamples> {
    return joined(await this.#db.selectFrom('job_sample').select('data').where('job', '=', id).orderBy('id').execute())
  }

  /** Merges the batches of an ended job into one, which takes a fraction of the space. Rejects with a Failure of the store, having lost nothing. */
  async compact(id: string): Promise<void> {
    await this.#transaction(async (transaction) => {
      const samples = joined(await transaction.selectFrom('job_sample').select('data').where('job', '=', id).orderBy('id').execute())
      if (samples.t.length === 0) return
      await transaction.deleteFrom('job_sample').where('job', '=', id).execute()
      await transaction.insertInto('job_sample').values(sampleRow(id, samples)).execute()
    })
  }

  /** Oldest first. */
  async log(id: string): Promise<LogLine[]> {
    const rows = await this.#db.selectFrom('job_log').select(['t', 'level', 'text']).where('job', '=', id).orderBy('id').execute()
    return rows.map((row) => logLine.parse(row))
  }

  #transaction(work: (transaction: Transaction<Schema>) => Promise<void>): Promise<void> {
    return this.#writer.write(() => this.#db.transaction().execute(work))
  }
}

function joined(batches: readonly { data: Uint8Array }[]): MoveSamples {
  const all = noSamples()
  for (const { data } of batches) appendSamples(all, unpackSamples(data))
  return all
}

function sampleRow(job: string, samples: MoveSamples) {
  return { job, rows: samples.t.length, data: packSamples(samples) }
}

function parseJob(json: string): Job | null {
  return jobSchema.safeParse(JSON.parse(json)).data ?? null
}

function rowOf(job: Job): Schema['job'] {
  return {
    id: job.id,
    state: job.state.state,
    vm_uuid: job.plan.vm.uuid,
    source: job.plan.vm.host,
    destination: job.plan.destination,
    created_at: job.createdAt,
    ended_at: job.endedAt,
    words: wordsOf(job),
    json: JSON.stringify(job),
  }
}

function wordsOf(job: Job): string {
  const { state } = job
  const problem = state.state === 'failed' || state.state === 'uncertain' ? [state.problem.code, state.problem.message] : []
  return [job.vmName, job.sourceName, job.destinationName, job.plan.options.technique, state.state, ...problem].join('\n').toLowerCase()
}
