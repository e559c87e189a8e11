import type { Kysely } from 'kysely'
import { settings, type Settings } from '../contract/settings.ts'
import type { Schema } from './schema.ts'
import type { Writer } from './writer.ts'

/** What was set, one row per key; what never was is absent. */
export class SettingsRepository {
  readonly #db: Kysely<Schema>
  readonly #writer: Writer

  constructor(db: Kysely<Schema>, writer: Writer) {
    this.#db = db
    this.#writer = writer
  }

  /** A value that does not fit the contract any more is left out. */
  async get(): Promise<Partial<Settings>> {
    const rows = await this.#db.selectFrom('setting').selectAll().execute()
    const found: Record<string, unknown> = {}
    for (const { key, json } of rows) {
      const parsed = settings.shape[key as keyof Settings]?.safeParse(JSON.parse(json))
      if (parsed?.success) found[key] = parsed.data
    }
    return found as Partial<Settings>
  }

  /** Rejects with a Failure of the store. */
  async put(changes: Partial<Settings>): Promise<void> {
    const values = Object.entries(changes)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => ({ key, json: JSON.stringify(value) }))
    if (values.length === 0) return
    const query = this.#db
      .insertInto('setting')
      .values(values)
      .onConflict((conflict) => conflict.column('key').doUpdateSet((excluded) => ({ json: excluded.ref('excluded.json') })))
    await this.#writer.write(() => query.execute())
  }
}
