import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { JobFrame, Whereabouts } from '../../contract/job.ts'
import { moveOptions } from '../../contract/migration.ts'
import { openStore, type Store } from '../../store/store.ts'
import { Jobs, type JobDirector, type NewJob } from './jobs.ts'
import type { OpenJob } from './open-job.ts'
import type { MoveSample } from './sample-log.ts'

const log = pino({ level: 'silent' })
const uuid = '0a4ff7ac-6b1f-4b9f-8f2a-5d4f4d1d0001'
const gone: Whereabouts = { source: 'running', destination: 'absent', verdict: 'It runs at the source.', steps: [] }
let folder: string
let store: Store
let jobs: Jobs

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'drover-jobs-'))
  store = await openStore(join(folder, 'drover.db'))
  jobs = await Jobs.open({ store, log })
})

afterEach(async () => {
  await jobs.close()
  await store.close()
  rmSync(folder, { recursive: true })
})

function fresh(id: string, vm = uuid): NewJob {
  const plan = { vm: { host: 'a', uuid: vm }, destination: 'b', options: moveOptions.parse({ technique: 'precopy' }) }
  return { id, plan, vmName: 'web', sourceName: 'alpha', destinationName: 'beta', driver: 'app' }
}

async function begin(id: string, vm = uuid): Promise<OpenJob> {
  const made = await jobs.create(fresh(id, vm))
  if (!('job' in made)) throw new Error('known')
  return made.job
}

function sample(t: number, more: Partial<MoveSample> = {}): MoveSample {
  return {
    t, phase: 'memory', memoryTotal: 100, memoryRemaining: 50, memoryTransferred: 50, throughput: 10, dirtyRate: null, iteration: 1, throttle: 0,
    diskTotal: 0, diskTransferred: 0, postcopyRequests: 0, blocktimeMs: null, expectedDowntimeMs: null, pages: null, ...more,
  }
}

async function restart(director?: Partial<JobDirector>): Promise<void> {
  await jobs.close()
  await store.close()
  store = await openStore(join(folder, 'drover.db'))
  jobs = await Jobs.open({ store, log })
  jobs.direct({ revive: async () => {}, locate: async () => gone, resolve: async () => gone, ...director })
  await jobs.restore()
}

test('the same id twice is one job', async () => {
  await begin('job-00000001')
  expect(await jobs.create(fresh('job-00000001'))).toMatchObject({ known: { id: 'job-00000001' } })
  expect(jobs.openJobs()).toHaveLength(1)
})

test('a VM that is being moved is not moved by a second job, even when both ask at once', async () => {
  const outcomes = await Promise.allSettled([jobs.create(fresh('job-00000001')), jobs.create(fresh('job-00000002'))])
  expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  await expect(jobs.create(fresh('job-00000003'))).rejects.toMatchObject({ code: 'move-running', message: 'web is already being moved from alpha to beta.' })
})

test('progress never falls, and an ended job takes no more', async () => {
  const job = await begin('job-00000001')
  job.run({ phase: 'memory' })
  job.advance(0.5, [10, 20])
  job.advance(0.3, 'not-converging')
  expect(job.view).toMatchObject({ progress: 0.5, eta: 'not-converging' })
  job.succeed({ totalMs: 1, downtimeMs: 1, guestGapMs: null, bytes: 1, iterations: 1 })
  job.advance(0.2, [1, 2])
  expect(job.view).toMatchObject({ progress: 1, eta: null, state: { state: 'succeeded' } })
  expect(() => job.run({})).toThrow(expect.objectContaining({ code: 'job-transition' }))
})

test('a late report of an earlier phase does not turn the move back', async () => {
  const job = await begin('job-00000001')
  job.run({ phase: 'memory' })
  job.run({ phase: 'postcopy', isPastNoReturn: true })
  job.run({ phase: 'memory', isPastNoReturn: false })
  expect(job.view.state).toMatchObject({ phase: 'postcopy', isPastNoReturn: true })
  job.run({ phase: 'recovering' })
  job.run({ phase: 'postcopy' })
  expect(job.view.state).toMatchObject({ phase: 'postcopy' })
})

test('a watcher gets everything so far, then what is new; a slow one gets it merged', async () => {
  const job = await begin('job-00000001')
  job.run({ phase: 'memory' })
  job.say('info', 'one')
  job.sample(sample(1))
  const frames = jobs.watch('job-00000001', 'window')
  const next = async (): Promise<JobFrame> => (await frames.next()).value as JobFrame
  expect(await next()).toMatchObject({ seq: 1, isSnapshot: true, samples: { t: [1] }, log: [{ text: 'one' }] })
  job.sample(sample(2))
  expect(await next()).toMatchObject({ seq: 2, isSnapshot: false, samples: { t: [2] } })
  for (let t = 3; t < 10; t++) job.sample(sample(t))
  jobs.ack('window', 2)
  expect(await next()).toMatchObject({ seq: 3, isSnapshot: false, samples: { t: [3, 4, 5, 6, 7, 8, 9] } })
  for (let t = 10; t < 2000; t++) job.sample(sample(t))
  jobs.ack('window', 3)
  const caughtUp = await next()
  expect(caughtUp.isSnapshot).toBe(true)
  expect(caughtUp.samples.t).toHaveLength(1999)
  await frames.return()
})

test('a watcher of all jobs sees a job begin and end', async () => {
  const frames = jobs.watchAll()
  const next = async () => (await frames.next()).value as { isSnapshot: boolean; jobs: { id: string; state: { state: string } }[] }
  expect(await next()).toEqual({ isSnapshot: true, jobs: [] })
  const job = await begin('job-00000001')
  expect((await next()).jobs).toMatchObject([{ id: 'job-00000001', state: { state: 'queued' } }])
  job.run({})
  expect((await next()).jobs).toMatchObject([{ state: { state: 'running' } }])
  job.cancel(gone)
  expect((await next()).jobs).toMatchObject([{ state: { state: 'cancelled' } }])
  await frames.return()
})

test('an ended job, its samples and its log outlive a restart', async () => {
  const job = await begin('job-00000001')
  job.run({ phase: 'memory' })
  for (let t = 1; t <= 50; t++) job.sample(sample(t * 100))
  job.say('info', 'half way')
  job.fail({ code: 'x', message: 'No.' }, gone)
  await restart()
  expect(await jobs.list({ limit: 10 })).toMatchObject([{ id: 'job-00000001', state: { state: 'failed', problem: { code: 'x' } } }])
  expect(await jobs.list({ limit: 10, text: 'nothing like it' })).toEqual([])
  const frame = (await jobs.watch('job-00000001', 'w').next()).value as JobFrame
  expect(frame.log.map(({ text }) => text)).toEqual(['half way'])
  expect(frame.samples.t.length).toBeGreaterThan(10)
  expect(frame.samples.t.at(-1)).toBe(5000)
})

test('an open job is uncertain after a restart until its director knows, and goes on where it was', async () => {
  const job = await begin('job-00000001')
  job.run({ phase: 'postcopy', isPastNoReturn: true })
  job.advance(0.8, null)
  job.sample(sample(1))
  const revived: string[] = []
  await restart({ revive: async (open) => void revived.push(`${open.id} ${open.view.state.state}`) })
  expect(revived).toEqual(['job-00000001 uncertain'])
  const open = jobs.open('job-00000001')!
  expect(open.view.progress).toBe(0.8)
  expect(open.samples.size).toBe(1)
  open.run({ phase: 'postcopy', isPastNoReturn: true })
  open.succeed({ totalMs: 1, downtimeMs: null, guestGapMs: null, bytes: null, iterations: null })
  await restart()
  expect(jobs.openJobs()).toEqual([])
})

test('asking where the VM of a failed job is keeps the answer', async () => {
  const job = await begin('job-00000001')
  job.fail({ code: 'x', message: 'No.' }, null)
  await restart()
  expect(await jobs.locate('job-00000001')).toEqual(gone)
  expect((await jobs.get('job-00000001'))?.state).toMatchObject({ state: 'failed', whereabouts: gone })
  await expect(jobs.locate('job-00000009')).rejects.toMatchObject({ code: 'job-unknown' })
})

test('an intent is on disk before it is carried out, and stays open until it is settled', async () => {
  await begin('job-00000001')
  await jobs.intend('job-00000001', 'perform-finish', { driver: 'app' })
  await restart()
  expect(await jobs.journal('job-00000001')).toMatchObject([{ step: 'perform-finish', kind: 'intent', detail: { driver: 'app' } }])
  await jobs.settle('job-00000001', 'perform-finish')
  expect(await jobs.journal('job-00000001')).toMatchObject([{ kind: 'intent' }, { kind: 'done' }])
})
