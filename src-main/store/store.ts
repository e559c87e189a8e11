import { chmodSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { Kysely } from 'kysely'
import type { Event } from '../base/event.ts'
import type { Failure } from '../base/failure.ts'
import { storeFailure } from './failures.ts'
import { HostRepository } from './hosts.ts'
import { JobRepository } from './jobs.ts'
import { JournalRepository } from './journal.ts'
import { migrate } from './migrations.ts'
import { PlacementRepository } from './placements.ts'
import { JobRecorder } from './recorder.ts'
import { RunRepository } from './runs.ts'
import type { Schema } from './schema.ts'
import { SettingsRepository } from './settings.ts'
import { openDatabase, sqliteDialect } from './sqlite.ts'
import { Writer } from './writer.ts'

/** Hosts, settings and history of one profile. Only the owner of the profile opens it. */
export interface Store {
  readonly hosts: HostRepository
  readonly settings: SettingsRepository
  readonly jobs: JobRepository
  readonly journal: JournalRepository
  readonly runs: RunRepository
  readonly placements: PlacementRepository
  /** Samples and log lines of running jobs, in one batch a second. */
  readonly recorder: JobRecorder
  /** What keeps the store from keeping things, for the user to read; null when all is well. */
  readonly problem: Failure | null
  readonly onDidChangeProblem: Event<Failure | null>
  /** Writes what is pending, then closes the file. Resolves even when it could not be written. */
  close(): Promise<void>
}

/**
 * Opens the store at `path` (rights 0600, its folder 0700), bringing its schema up to date. A file that is damaged, newer than this program, or not to be
 * opened is left as it is: the store then lives in memory and says so in `problem`, so that the app starts and can tell. Rejects only when not even that works.
 */
export async function openStore(path: string): Promise<Store> {
  try {
    return assemble(await openFile(path), null)
  } catch (thrown) {
    return assemble(await openSchema(openDatabase(':memory:')), storeFailure(thrown))
  }
}

/** A store that keeps nothing beyond the life of the process. */
export async function openStoreInMemory(): Promise<Store> {
  return assemble(await openSchema(openDatabase(':memory:')), null)
}

async function openFile(path: string): Promise<Kysely<Schema>> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const umask = process.umask(0o077)
  try {
    const database = openDatabase(path)
    try {
      // The first statement that reads the file: it throws here when it is no database. SQLite gives its side files the rights of the main file.
      database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
      const check = database.prepare('PRAGMA quick_check(1)').get() as Record<string, unknown> | undefined
      const verdict = Object.values(check ?? {})[0]
      if (verdict !== 'ok') throw Object.assign(new Error(String(verdict)), { code: 'SQLITE_CORRUPT' })
      chmodSync(path, 0o600)
      return await openSchema(database)
    } catch (thrown) {
      database.close()
      throw thrown
    }
  } finally {
    process.umask(umask)
  }
}

async function openSchema(database: DatabaseSync): Promise<Kysely<Schema>> {
  const db = new Kysely<Schema>({ dialect: sqliteDialect(database) })
  await migrate(db)
  return db
}

function assemble(db: Kysely<Schema>, opening: Failure | null): Store {
  const writer = new Writer()
  const jobs = new JobRepository(db, writer)
  const recorder = new JobRecorder(jobs, writer)
  return {
    hosts: new HostRepository(db, writer),
    settings: new SettingsRepository(db, writer),
    jobs,
    journal: new JournalRepository(db, writer),
    runs: new RunRepository(db, writer),
    placements: new PlacementRepository(db, writer),
    recorder,
    get problem() {
      return opening ?? writer.problem
    },
    onDidChangeProblem: writer.onDidChangeProblem,
    async close() {
      await recorder.close()
      writer.dispose()
      await db.destroy()
    },
  }
}
