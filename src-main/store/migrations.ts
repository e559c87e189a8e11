import type { Kysely } from 'kysely'
import { Migrator, type Migration } from 'kysely/migration'
import { tooNew } from './failures.ts'
import type { Schema } from './schema.ts'

/** In order, never edited once released: a change is a new step. */
const steps: Record<string, Migration> = {
  '001-start': {
    async up(db) {
      const { schema } = db
      await schema
        .createTable('host')
        .addColumn('id', 'text', (c) => c.primaryKey())
        .addColumn('address', 'text', (c) => c.notNull().unique())
        .addColumn('json', 'text', (c) => c.notNull())
        .addColumn('created_at', 'integer', (c) => c.notNull())
        .execute()
      await schema
        .createTable('setting')
        .addColumn('key', 'text', (c) => c.primaryKey())
        .addColumn('json', 'text', (c) => c.notNull())
        .execute()
      await schema
        .createTable('job')
        .addColumn('id', 'text', (c) => c.primaryKey())
        .addColumn('state', 'text', (c) => c.notNull())
        .addColumn('vm_uuid', 'text', (c) => c.notNull())
        .addColumn('source', 'text', (c) => c.notNull())
        .addColumn('destination', 'text', (c) => c.notNull())
        .addColumn('created_at', 'integer', (c) => c.notNull())
        .addColumn('ended_at', 'integer')
        .addColumn('words', 'text', (c) => c.notNull())
        .addColumn('json', 'text', (c) => c.notNull())
        .execute()
      await schema.createIndex('job_created_at').on('job').columns(['created_at']).execute()
      await schema.createIndex('job_ended_at').on('job').columns(['ended_at']).execute()
      await schema
        .createTable('job_sample')
        .addColumn('id', 'integer', (c) => c.primaryKey().autoIncrement())
        .addColumn('job', 'text', (c) => c.notNull())
        .addColumn('rows', 'integer', (c) => c.notNull())
        .addColumn('data', 'blob', (c) => c.notNull())
        .execute()
      await schema.createIndex('job_sample_job').on('job_sample').columns(['job']).execute()
      await schema
        .createTable('job_log')
        .addColumn('id', 'integer', (c) => c.primaryKey().autoIncrement())
        .addColumn('job', 'text', (c) => c.notNull())
        .addColumn('t', 'integer', (c) => c.notNull())
        .addColumn('level', 'text', (c) => c.notNull())
        .addColumn('text', 'text', (c) => c.notNull())
        .execute()
      await schema.createIndex('job_log_job').on('job_log').columns(['job']).execute()
      await schema
        .createTable('journal')
        .addColumn('id', 'integer', (c) => c.primaryKey().autoIncrement())
        .addColumn('job', 'text', (c) => c.notNull())
        .addColumn('t', 'integer', (c) => c.notNull())
        .addColumn('step', 'text', (c) => c.notNull())
        .addColumn('kind', 'text', (c) => c.notNull())
        .addColumn('detail', 'text')
        .execute()
      await schema.createIndex('journal_job').on('journal').columns(['job']).execute()
    },
  },
  '002-runs': {
    async up(db) {
      const { schema } = db
      await schema
        .createTable('run')
        .addColumn('id', 'text', (c) => c.primaryKey())
        .addColumn('created_at', 'integer', (c) => c.notNull())
        .addColumn('ended_at', 'integer')
        .addColumn('json', 'text', (c) => c.notNull())
        .execute()
      await schema.createIndex('run_ended_at').on('run').columns(['ended_at']).execute()
      await schema
        .createTable('run_log')
        .addColumn('id', 'integer', (c) => c.primaryKey().autoIncrement())
        .addColumn('run', 'text', (c) => c.notNull())
        .addColumn('t', 'integer', (c) => c.notNull())
        .addColumn('level', 'text', (c) => c.notNull())
        .addColumn('text', 'text', (c) => c.notNull())
        .execute()
      await schema.createIndex('run_log_run').on('run_log').columns(['run']).execute()
      await schema
        .createTable('run_sample')
        .addColumn('id', 'integer', (c) => c.primaryKey().autoIncrement())
        .addColumn('run', 'text', (c) => c.notNull())
        .addColumn('json', 'text', (c) => c.notNull())
        .execute()
      await schema.createIndex('run_sample_run').on('run_sample').columns(['run']).execute()
      await schema
        .createTable('placement')
        .addColumn('id', 'text', (c) => c.primaryKey())
        .addColumn('t', 'integer', (c) => c.notNull())
        .addColumn('vm_uuid', 'text', (c) => c.notNull())
        .addColumn('source', 'text', (c) => c.notNull())
        .addColumn('destination', 'text', (c) => c.notNull())
        .addColumn('run', 'text')
        .addColumn('words', 'text', (c) => c.notNull())
        .addColumn('json', 'text', (c) => c.notNull())
        .execute()
      await schema.createIndex('placement_t').on('placement').columns(['t']).execute()
      await schema.createIndex('placement_vm').on('placement').columns(['vm_uuid']).execute()
    },
  },
}

/** Brings the schema up to date. Throws `store-too-new`, untouched, when the file has a step that is not known here; else what SQLite throws. */
export async function migrate(db: Kysely<Schema>): Promise<void> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true })
  if (tables.some(({ name }) => name === 'kysely_migration')) {
    const done = await db.withTables<{ kysely_migration: { name: string } }>().selectFrom('kysely_migration').select('name').execute()
    const unknown = done.find(({ name }) => !(name in steps))
    if (unknown) throw tooNew(unknown.name)
  }
  const { error } = await new Migrator({ db, provider: { getMigrations: async () => steps } }).migrateToLatest()
  if (error) throw error
}
