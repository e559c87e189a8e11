import { sql, type Kysely } from 'kysely'
import { placement as placementSchema, type Placement } from '../contract/cluster.ts'
import type { Schema } from './schema.ts'
import type { Writer } from './writer.ts'

export interface PlacementFilter {
  /** Words that must all be found in names, reason, who, kind or technique. */
  readonly text?: string | undefined
  readonly host?: string | undefined
  /** A VM's uuid. */
  readonly vm?: string | undefined
  readonly run?: string | undefined
  /** Only those before, in milliseconds since the epoch. */
  readonly before?: number | undefined
  /** At most so many, 1 or more. */
  readonly limit: number
}

/** Every move that came about, for good. */
export class PlacementRepository {
  readonly #db: Kysely<Schema>
  readonly #writer: Writer

  constructor(db: Kysely<Schema>, writer: Writer) {
    this.#db = db
    this.#writer = writer
  }

  /** A placement that is there already is left as it is. Rejects with a Failure of the store. */
  async add(placement: Placement): Promise<void> {
    const { id, t, vm, from, to, run } = placement
    const words = [placement.vmName, placement.fromName, placement.toName, placement.reason, placement.who, placement.kind, placement.technique].join('\n').toLowerCase()
    const query = this.#db
      .insertInto('placement')
      .values({ id, t, vm_uuid: vm, source: from, destination: to, run, words, json: JSON.stringify(placement) })
      .onConflict((conflict) => conflict.column('id').doNothing())
    await this.#writer.write(() => query.execute())
  }

  async get(id: string): Promise<Placement | null> {
    const row = await this.#db.selectFrom('placement').select('json').where('id', '=', id).executeTakeFirst()
    return row ? parse(row.json) : null
  }

  /** Newest first. */
  async list({ text, host, vm, run, before, limit }: PlacementFilter): Promise<Placement[]> {
    let query = this.#db.selectFrom('placement').select('json')
    if (host !== undefined) query = query.where((where) => where.or([where('source', '=', host), where('destination', '=', host)]))
    if (vm !== undefined) query = query.where('vm_uuid', '=', vm)
    if (run !== undefined) query = query.where('run', '=', run)
    if (before !== undefined) query = query.where('t', '<', before)
    for (const word of text?.toLowerCase().split(/\s+/).filter(Boolean) ?? []) query = query.where(sql<boolean>`instr(words, ${word}) > 0`)
    const rows = await query.orderBy('t', 'desc').orderBy('id').limit(limit).execute()
    return rows.flatMap(({ json }) => parse(json) ?? [])
  }
}

function parse(json: string): Placement | null {
  return placementSchema.safeParse(JSON.parse(json)).data ?? null
}
