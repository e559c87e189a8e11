import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Job } from '../contract/job.ts'
import { tryLock } from './lock.ts'
import { noSamples } from './samples.ts'
import { openDatabase } from './sqlite.ts'
import { openStore } from './store.ts'

// Every write is on the disk before the next one.
vi.setConfig({ testTimeout: 60_000 })

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'drover-store-'))
  path = join(folder, 'profile', 'drover.db')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function job(id: string, more: Partial<Job> = {}): Job {
  return {
    id,
    kind: 'move',
    plan: {
      vm: { host: 'host-a', uuid: 'c7a5fdbd-cdaf-9455-926a-d65c16db1809' },
      destination: 'host-b',
      options: {
        technique: 'precopy',
        hybridSwitch: { when: 'forecast' },
        storage: 'none',
        disks: null,
        autoConverge: false,
        compression: 'none',
        parallelConnections: null,
        bandwidthMiBps: null,
        downtimeMs: null,
        tls: false, unsafe: false,
        migrationAddress: null,
        keepSource: false,
        driver: 'auto',
        eject: [], replicas: 2, depots: null, gatherMiBps: null,
      },
    },
    vmName: 'Web-1',
    sourceName: 'alpha',
    destinationName: 'beta',
    createdAt: 1000,
    startedAt: 1001,
    endedAt: null,
    state: { state: 'queued', reason: 'Waiting for its turn.' },
    progress: null,
    eta: null,
    driver: 'agent',
    ...more,
  }
}

function samples(from: number, rows: number) {
  const all = noSamples()
  const times = Array.from({ length: rows }, (_, i) => from + i)
  for (const column of Object.keys(all) as (keyof typeof all)[]) {
    const values: unknown[] = all[column]
    for (const t of times) values.push(column === 'phase' ? 'memory' : t)
  }
  all.dirtyRate.fill(null)
  all.pages.fill(null)
  return all
}

test('the file is 0600 in a folder of 0700, and what was written is there after a reopen', async () => {
  const store = await openStore(path)
  expect(store.problem).toBeNull()
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(statSync(`${path}-wal`).mode & 0o077).toBe(0)
  expect(statSync(join(folder, 'profile')).mode & 0o777).toBe(0o700)
  const record = { id: 'a', address: 'ssh://root@alpha:22', label: null, group: 'rack', tags: ['x'], migrationAddress: null, maintenance: null, shutDown: null }
  await store.hosts.put(record)
  await store.hosts.put({ ...record, label: 'Alpha' })
  await store.settings.put({ theme: 'dark', pollSeconds: 5 })
  await store.jobs.put(job('job-0001'))
  await store.journal.append({ job: 'job-0001', step: 'perform', kind: 'intent', detail: { port: 49152 } })
  store.recorder.addSamples('job-0001', samples(0, 5))
  store.recorder.addLog('job-0001', { t: 1, level: 'info', text: 'Begin' })
  await store.close()

  const again = await openStore(path)
  expect(await again.hosts.list()).toEqual([{ ...record, label: 'Alpha' }])
  expect(await again.settings.get()).toEqual({ theme: 'dark', pollSeconds: 5 })
  expect(await again.jobs.get('job-0001')).toEqual(job('job-0001'))
  expect(await again.jobs.listOpen()).toHaveLength(1)
  expect(await again.jobs.samples('job-0001')).toEqual(samples(0, 5))
  expect(await again.jobs.log('job-0001')).toEqual([{ t: 1, level: 'info', text: 'Begin' }])
  expect(await again.journal.open('job-0001')).toMatchObject([{ step: 'perform', detail: { port: 49152 } }])
  await again.journal.append({ job: 'job-0001', step: 'perform', kind: 'done' })
  expect(await again.journal.open('job-0001')).toEqual([])
  expect(await again.journal.list('job-0001')).toHaveLength(2)
  await again.close()
})

test('two hosts cannot have one address', async () => {
  const store = await openStore(path)
  const record = { id: 'a', address: 'ssh://alpha', label: null, group: null, tags: [], migrationAddress: null, maintenance: null, shutDown: null }
  await store.hosts.put(record)
  await expect(store.hosts.put({ ...record, id: 'b' })).rejects.toMatchObject({ evidence: expect.stringContaining('UNIQUE') as string })
  expect(store.problem).toBeNull()
  await store.close()
})

test('history is found by host, VM, words and time, newest first', async () => {
  const store = await openStore(path)
  const failed = { state: 'failed', problem: { code: 'cpu-differs', message: 'The CPU lacks AVX.' }, whereabouts: null } as const
  await store.jobs.put(job('first-one', { endedAt: 2000, createdAt: 1 }))
  await store.jobs.put(job('second-one', { endedAt: 3000, createdAt: 2, vmName: 'db', state: failed }))
  await store.jobs.put(job('still-open', { createdAt: 3 }))
  const ids = async (filter: object) => (await store.jobs.listEnded({ limit: 10, ...filter })).map(({ id }) => id)
  expect(await ids({})).toEqual(['second-one', 'first-one'])
  expect(await ids({ host: 'host-b' })).toHaveLength(2)
  expect(await ids({ host: 'elsewhere' })).toEqual([])
  expect(await ids({ text: 'avx DB' })).toEqual(['second-one'])
  expect(await ids({ text: "web' OR 1=1 --" })).toEqual([])
  expect(await ids({ before: 2 })).toEqual(['first-one'])
  expect(await ids({ limit: 1 })).toEqual(['second-one'])
  await store.close()
})

test('compaction keeps every sample in one row', async () => {
  const store = await openStore(path)
  await store.jobs.put(job('job-0001'))
  for (let i = 0; i < 20; i++) await store.jobs.append([{ job: 'job-0001', samples: samples(i * 10, 10), log: [] }])
  await store.jobs.compact('job-0001')
  const all = await store.jobs.samples('job-0001')
  expect(all.t).toEqual(Array.from({ length: 200 }, (_, i) => i))
  await store.close()
  const raw = openDatabase(path)
  expect(raw.prepare('SELECT count(*) AS rows FROM job_sample').get()).toEqual({ rows: 1 })
  raw.close()
})

describe('a file that cannot be used is left as it is, and the store says why', () => {
  test('no database at all', async () => {
    await (await openStore(path)).close()
    const garbage = 'This is not a database. '.repeat(500)
    writeFileSync(path, garbage)
    const store = await openStore(path)
    expect(store.problem).toMatchObject({ code: 'store-corrupt' })
    await store.settings.put({ theme: 'dark' })
    expect(await store.settings.get()).toEqual({ theme: 'dark' })
    await store.close()
    expect(readFileSync(path, 'utf8')).toBe(garbage)
  })

  test('damaged pages', async () => {
    const store = await openStore(path)
    for (let i = 0; i < 200; i++) await store.jobs.put(job(`job-${i}-of-many`))
    await store.close()
    const bytes = readFileSync(path)
    bytes.fill(0xa5, 4096, bytes.length - 4096)
    writeFileSync(path, bytes)
    const again = await openStore(path)
    expect(again.problem).toMatchObject({ code: 'store-corrupt' })
    await again.close()
    expect(readFileSync(path).equals(bytes)).toBe(true)
  })

  test('a newer schema', async () => {
    await (await openStore(path)).close()
    const raw = openDatabase(path)
    raw.exec("INSERT INTO kysely_migration VALUES ('900-from-the-future', '2030-01-01')")
    raw.close()
    const store = await openStore(path)
    expect(store.problem).toMatchObject({ code: 'store-too-new', evidence: expect.stringContaining('900-from-the-future') as string })
    await store.close()
  })

  test('held by somebody else: answers at once instead of waiting', async () => {
    await (await openStore(path)).close()
    const other = openDatabase(path)
    other.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT')
    const store = await openStore(path)
    expect(store.problem).toMatchObject({ code: 'store-busy' })
    await store.close()
    other.close()
  })

  test('a folder in its place', async () => {
    const store = await openStore(folder)
    expect(store.problem).toMatchObject({ code: 'store-unwritable' })
    await store.close()
  })
})

test.runIf(process.platform === 'linux' && process.getuid?.() === 0)('on a full disk nothing is lost: it is said, kept, and written once there is space', async () => {
  const disk = join(folder, 'disk')
  execFileSync('mkdir', [disk])
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk])
  try {
    const store = await openStore(join(disk, 'drover.db'))
    const problems: (string | null)[] = []
    store.onDidChangeProblem((problem) => problems.push(problem?.code ?? null))
    await store.jobs.put(job('job-0001'))
    const ballast = join(disk, 'ballast')
    const free = Number(execFileSync('stat', ['-f', '-c', '%a', disk])) * 4096
    writeFileSync(ballast, Buffer.alloc(free))
    const lines = Array.from({ length: 2000 }, (_, t) => ({ t, level: 'info' as const, text: `line ${t} ${'x'.repeat(40)}` }))
    for (const line of lines) store.recorder.addLog('job-0001', line)
    store.recorder.addSamples('job-0001', samples(0, 10))
    await expect(store.recorder.flush()).rejects.toMatchObject({ code: 'store-full' })
    expect(store.problem).toMatchObject({ code: 'store-full', next: expect.any(String) as string })
    await expect(store.journal.append({ job: 'job-0001', step: 'perform', kind: 'intent', detail: 'x'.repeat(100_000) })).rejects.toMatchObject({ code: 'store-full' })
    expect(store.recorder.pending('job-0001')?.log).toHaveLength(2000)

    rmSync(ballast)
    store.recorder.addLog('job-0001', { t: 2000, level: 'info', text: 'later' })
    await store.recorder.flush()
    expect(store.problem).toBeNull()
    expect(problems).toEqual(['store-full', null])
    expect(await store.jobs.log('job-0001')).toEqual([...lines, { t: 2000, level: 'info', text: 'later' }])
    expect((await store.jobs.samples('job-0001')).t).toHaveLength(10)
    expect(store.recorder.pending('job-0001')).toBeNull()
    await store.close()
  } finally {
    execFileSync('umount', ['-l', disk])
  }
})

test('a lock keeps others out until it is disposed', () => {
  const file = join(folder, 'locks', 'owner.db')
  const lock = tryLock(file)
  expect(lock).not.toBeNull()
  expect(tryLock(file)).toBeNull()
  lock?.dispose()
  lock?.dispose()
  const next = tryLock(file)
  expect(next).not.toBeNull()
  next?.dispose()
  expect(existsSync(file)).toBe(true)
})
