import type { Kysely } from 'kysely'
import { hostRecord, type HostRecord } from '../contract/host.ts'
import type { Schema } from './schema.ts'
import type { Writer } from './writer.ts'

/** The hosts that the user keeps, in the order in which they were added. */
export class HostRepository {
  readonly #db: Kysely<Schema>
  readonly #writer: Writer

  constructor(db: Kysely<Schema>, writer: Writer) {
    this.#db = db
    this.#writer = writer
  }

  async list(): Promise<HostRecord[]> {
    const rows = await this.#db.selectFrom('host').select('json').orderBy('created_at').orderBy('id').execute()
    return rows.map(({ json }) => hostRecord.parse(JSON.parse(json)))
  }

  /** Adds a host, or replaces the one with its id. Rejects with a Failure of the store, also when another host has the address. */
  async put(record: HostRecord): Promise<void> {
    const values = { address: record.address, json: JSON.stringify(record) }
    const query = this.#db
      .insertInto('host')
      .values({ id: record.id, created_at: Date.now(), ...values })
      .onConflict((conflict) => conflict.column('id').doUpdateSet(values))
    await this.#writer.write(() => query.execute())
  }

  /** Removing a host that is not there is no error. */
  async remove(id: string): Promise<void> {
    await this.#writer.write(() => this.#db.deleteFrom('host').where('id', '=', id).execute())
  }
}
