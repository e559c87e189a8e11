import { pino } from 'pino'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { HostRecord, HostView } from '../../../contract/host.ts'
import type { Finding, MovePlan } from '../../../contract/migration.ts'
import { planRequest, type PlannedMove } from '../../../contract/plan.ts'
import type { Run, RunRow } from '../../../contract/run.ts'
import type { VmView } from '../../../contract/vm.ts'
import { Failure } from '../../../base/failure.ts'
import { openStoreInMemory, type Store } from '../../../store/store.ts'
import { Jobs } from '../../job/jobs.ts'
import { Inventory } from '../../vm/inventory.ts'
import { catchUpPlacements, keepPlacements } from '../placement-journal.ts'
import type { RunParts } from './run-parts.ts'
import { Runs, type NewRun } from './runs.ts'

// Real runs, jobs, store and inventory; moves and hosts' answers are given, so that every order of events can be had.

const GiB = 1024 * 1024
const log = pino({ level: 'silent' })
const whole = { totalMs: 1000, downtimeMs: 10, guestGapMs: null, bytes: 1, iterations: 1 }
let store: Store
let jobs: Jobs
let runs: Runs
let parts: RunParts
let inventory: Inventory
let commands: string[]
let began: { id: string; plan: MovePlan }[]
let limits: Map<string, number | null>
let says: (plan: MovePlan) => Finding[]
let records: Map<string, HostRecord>

beforeEach(async () => {
  store = await openStoreInMemory()
  jobs = await Jobs.open({ store, log })
  inventory = new Inventory()
  commands = []
  began = []
  limits = new Map()
  says = () => []
  records = new Map()
  for (const id of ['a', 'b', 'c']) addHost(id)
  parts = partsOf()
  runs = new Runs(parts, 'ada')
})
afterEach(async () => {
  vi.useRealTimers()
  await runs.close()
  await jobs.close()
  await store.close()
})

function addHost(id: string): void {
  const record = { id, address: `ssh://${id}`, label: null, group: null, tags: [], migrationAddress: null, maintenance: null, shutDown: null }
  records.set(id, record)
  const facts = { hostname: id, hostUuid: null, arch: 'x86_64', cpuModel: 'EPYC', cpuVendor: 'AMD', cpus: 8, cpuMhz: 3000, memoryKiB: 16 * GiB, libvirtVersion: '9.0.0', hypervisor: 'QEMU', hypervisorVersion: '7.2.0', migrationAddresses: [] }
  inventory.setHost({ n: inventory.claimNumber(), name: id, record, connection: { state: 'online', since: 0, route: 'socket', isWritable: true }, facts, missing: [] } satisfies HostView)
}

function addVm(name: string, on = 'a', more: Partial<VmView> = {}): void {
  inventory.setVm({
    n: inventory.claimNumber(), ref: { host: on, uuid: name }, name, title: null, state: 'running', reason: 'booted', tags: [], vcpus: 1, memoryKiB: GiB, isPersistent: true,
    hasAutostart: false, hasManagedSave: false, job: null, console: { hasSerial: true, hasVnc: false, hasSpice: false }, ...more,
  })
}

function partsOf(): RunParts {
  const vmsOn = (host: string) => [...inventory.vms()].filter(({ ref }) => ref.host === host).map(({ name }) => ({ name }))
  return {
    jobs,
    inventory,
    store,
    log,
    now: () => Date.now(),
    vms: {
      command: (ref, command) => {
        commands.push(`${command} ${ref.uuid} on ${ref.host}`)
        inventory.setVm({ ...inventory.vm(ref)!, state: command === 'start' ? 'running' : 'off' })
        return Promise.resolve()
      },
    },
    hosts: {
      name: (id: string) => id,
      list: () => [...records.values()],
      record: (id: string) => {
        const record = records.get(id)
        if (!record) throw new Failure('host-unknown', 'This host is not known to Drover.')
        return record
      },
      update: (id: string, change: Partial<HostRecord>) => Promise.resolve(void records.set(id, { ...records.get(id)!, ...change })),
      session: (id: string) => ({ connection: { call: () => Promise.resolve({ domains: vmsOn(id) }) } }),
    } satisfies Record<keyof RunParts['hosts'], unknown> as unknown as RunParts['hosts'],
    migration: {
      preflight: (plans) => Promise.resolve(plans.map((plan) => ({ plan, verdict: 'fits', findings: says(plan), forecast: null, route: null, driver: 'app', risk: '', virsh: '' }))),
      start: async (moves) => {
        for (const { job: id, plan } of moves) {
          await jobs.create({ id, plan, vmName: plan.vm.uuid, sourceName: plan.vm.host, destinationName: plan.destination, driver: 'app' })
          limits.set(plan.vm.uuid, plan.options.bandwidthMiBps)
          began.push({ id, plan })
        }
      },
      cancel: (id) => Promise.resolve(jobs.open(id)?.cancel({ source: 'running', destination: 'absent', verdict: 'It runs at the source.', steps: [] })),
      setLimits: (id, { bandwidthMiBps }) => {
        const job = jobs.open(id)
        if (!job) return Promise.reject(new Failure('job-unknown', 'This move is not known.'))
        limits.set(job.view.plan.vm.uuid, bandwidthMiBps ?? null)
        return Promise.resolve()
      },
    } as RunParts['migration'],
  }
}

const rowFor = (name: string, destination: string | null = 'b', from = 'a'): PlannedMove => ({ vm: { host: from, uuid: name }, name, destination, how: destination === null ? 'stay' : 'live', options: null, priority: 'normal', why: 'Best fit.' })

async function start(rows: PlannedMove[], more: Partial<Omit<NewRun, 'request'>> & { request?: object } = {}): Promise<string> {
  const { request = {}, ...rest } = more
  for (const { vm, name } of rows) if (!inventory.vm(vm)) addVm(name, vm.host)
  const run = `run-${rows.map(({ name }) => name).join('-')}-00`
  await runs.start({ run, rows, reason: 'a dead fan', isMaintenance: false, perHost: 2, perLink: 2, forecastSeconds: null, ...rest, request: planRequest.parse({ kind: 'evacuate', host: 'a', ...request }) })
  return run
}

/** The run as soon as it is so. */
async function when(id: string, condition: (run: Run) => boolean): Promise<Run> {
  let seen: Run | null = null
  await vi.waitUntil(async () => {
    for await (const { runs: all } of runs.watchAll()) {
      seen = all.find((each) => each.id === id) ?? null
      break
    }
    return seen !== null && condition(seen)
  }, { timeout: 4000, interval: 5 }).catch((thrown: unknown) => {
    throw new Error(`It never was: ${JSON.stringify(seen, null, 1)}`, { cause: thrown })
  })
  return seen!
}

const names = (run: Run, state: RunRow['state']['state']) => run.rows.filter((row) => row.state.state === state).map(({ name }) => name)
/** These VMs, and no others, are being moved by jobs of their own. */
const moving = (id: string, ...vms: string[]) => when(id, (run) => names(run, 'moving').join() === vms.join() && run.rows.every(({ state }) => state.state !== 'moving' || jobs.open(state.job) !== null))
const over = (id: string) => when(id, ({ state }) => state.state === 'done')
/** The newest move of a VM. */
const moveOf = (name: string) => jobs.open(began.findLast(({ plan }) => plan.vm.uuid === name)!.id)!

/** A move that arrives. */
function arrive(name: string): void {
  const { plan, id } = began.findLast((each) => each.plan.vm.uuid === name)!
  const { state } = inventory.vm(plan.vm)!
  inventory.removeVm(plan.vm)
  addVm(name, plan.destination, { state })
  const job = jobs.open(id)!
  job.run({ phase: 'memory' })
  job.succeed(whole)
}

test('no more moves at once than asked for, per host and per link, and more as soon as that is changed', async () => {
  const id = await start([rowFor('one'), rowFor('two'), rowFor('three', 'c'), rowFor('four', 'c')], { perHost: 2, perLink: 1 })
  // The second of the same link waits, the first of the other does not.
  await moving(id, 'one', 'three')
  runs.open(id).setParallelism({ perHost: 4, perLink: 2 })
  await moving(id, 'one', 'two', 'three', 'four')
})

test('a run of the same id is answered, not begun again; another with the same VM is refused', async () => {
  const id = await start([rowFor('one')])
  await moving(id, 'one')
  expect(await start([rowFor('one')])).toBe(id)
  expect(began).toHaveLength(1)
  await expect(start([rowFor('one'), rowFor('two')])).rejects.toMatchObject({ code: 'run-clash' })
})

test('what is planned badly is said at once: nothing to do, a VM that is not there, an unknown host', async () => {
  await expect(start([rowFor('one', null)])).rejects.toMatchObject({ code: 'plan-invalid' })
  await expect(start([rowFor('one', 'nowhere')])).rejects.toMatchObject({ code: 'host-unknown' })
  addVm('two')
  inventory.removeVm({ host: 'a', uuid: 'two' })
  const rows = [rowFor('two')]
  await expect(runs.start({ run: 'run-two-0000', request: planRequest.parse({ kind: 'evacuate', host: 'a' }), rows, reason: '', isMaintenance: false, perHost: 1, perLink: 1, forecastSeconds: null })).rejects.toMatchObject({ code: 'vm-gone' })
})

test('the budget is shared by the moves that go on, anew when one begins, ends, or the budget changes', async () => {
  const id = await start([rowFor('one'), rowFor('two', 'c')], { request: { bandwidthMiBps: 100 } })
  await moving(id, 'one', 'two')
  await vi.waitFor(() => expect([limits.get('one'), limits.get('two')]).toEqual([50, 50]))
  runs.open(id).setParallelism({ perHost: 2, perLink: 2, bandwidthMiBps: 60 })
  expect([limits.get('one'), limits.get('two')]).toEqual([30, 30])
  arrive('one')
  await when(id, (run) => names(run, 'moved').length === 1)
  await vi.waitFor(() => expect(limits.get('two')).toBe(60))
})

test('moves begin apart by the stagger', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] })
  const id = await start([rowFor('one'), rowFor('two')], { request: { staggerSeconds: 30 } })
  await vi.waitUntil(() => began.length === 1)
  await vi.advanceTimersByTimeAsync(29_000)
  expect(began).toHaveLength(1)
  await vi.advanceTimersByTimeAsync(1_100)
  await vi.waitUntil(() => began.length === 2)
  expect(runs.open(id).run.view.state.state).toBe('running')
})

test('paused: what goes on goes on, nothing begins, also after one was skipped; then the rest', async () => {
  const id = await start([rowFor('one'), rowFor('two'), rowFor('three')], { perHost: 1, perLink: 1 })
  await moving(id, 'one')
  runs.open(id).pause('Paused by the user.')
  runs.skip(id, 'two')
  arrive('one')
  const run = await when(id, (each) => names(each, 'moved').length === 1)
  expect([run.state.state, names(run, 'waiting'), names(run, 'skipped')]).toEqual(['paused', ['three'], ['two']])
  expect(() => runs.skip(id, 'one')).toThrow(expect.objectContaining({ code: 'row-over' }) as Error)
  runs.open(id).resume()
  await moving(id, 'three')
  expect(() => runs.skip(id, 'three')).toThrow(expect.objectContaining({ code: 'row-busy' }) as Error)
  arrive('three')
  expect((await over(id)).state).toMatchObject({ isComplete: false, verdict: 'a still has 1 VM: two.' })
})

test('a row that is refused at its turn is named with the reason, the rest goes on, and it can be tried elsewhere afterwards', async () => {
  says = ({ destination, vm }) => (vm.uuid === 'one' && destination === 'b' ? [{ code: 'cpu-missing', severity: 'error', subject: 'cpu', message: 'b lacks avx512f.' }] : [])
  const id = await start([rowFor('one'), rowFor('two')], { perHost: 1, perLink: 1 })
  await moving(id, 'two')
  arrive('two')
  const run = await over(id)
  expect(run.rows[0]!.state).toMatchObject({ state: 'failed', problem: { code: 'cpu-missing', message: 'b lacks avx512f.' } })
  expect(run.state).toMatchObject({ isComplete: false, verdict: '1 VM could not be moved. a still has 1 VM: one.' })
  runs.retry(id, 'one', 'c')
  await moving(id, 'one')
  arrive('one')
  expect((await over(id)).state).toMatchObject({ isComplete: true, verdict: 'Evacuated: a was asked and has no VM left.' })
})

test('a plan that was made when a VM still ran, or was still off, or was elsewhere, does not begin, and nothing is kept of it', async () => {
  addVm('web', 'a', { state: 'off' })
  await expect(start([rowFor('db'), rowFor('web')])).rejects.toMatchObject({ code: 'plan-outdated', message: 'web ran when this plan was made; now it is off.' })
  addVm('web')
  await expect(start([{ ...rowFor('web'), how: 'offline' }])).rejects.toMatchObject({ code: 'plan-outdated', message: 'web was off when this plan was made; now it runs.' })
  const gone = { ...rowFor('db'), vm: { host: 'c', uuid: 'db' } }
  await expect(runs.start({ run: 'run-outdated', rows: [gone], reason: '', isMaintenance: true, perHost: 2, perLink: 2, forecastSeconds: null, request: planRequest.parse({ kind: 'evacuate', host: 'a' }) })).rejects.toMatchObject({ code: 'vm-gone' })
  expect([began, await store.runs.listOpen(), records.get('a')!.maintenance]).toEqual([[], [], null])
})

test('a destination that went into maintenance, or whose memory was taken since, is refused', async () => {
  records.set('b', { ...records.get('b')!, maintenance: { state: 'in', reason: 'firmware', who: 'eve', since: 0 } })
  addVm('big', 'c', { memoryKiB: 16 * GiB })
  const id = await start([rowFor('one', 'b'), rowFor('two', 'c')])
  const run = await over(id)
  expect(run.rows.map(({ state }) => state.state === 'failed' && state.problem.code)).toEqual(['host-maintenance', 'memory-short'])
  expect(began).toEqual([])
})

test('"stop here": nothing new begins, moves are cancelled, and the verdict says where all are', async () => {
  const id = await start([rowFor('one'), rowFor('two'), rowFor('three')], { perHost: 1, perLink: 1 })
  await moving(id, 'one')
  arrive('one')
  await moving(id, 'two')
  runs.open(id).cancel('stop')
  const run = await over(id)
  expect([names(run, 'moved'), names(run, 'skipped')]).toEqual([['one'], ['two', 'three']])
  expect(run.state).toMatchObject({ isCancelled: true, verdict: 'Stopped: 1 VM moved, and stays where it is now. a still has 2 VMs: three, two.' })
  expect(() => runs.open(id)).toThrow(expect.objectContaining({ code: 'run-over' }) as Error)
})

test('"bring back": what has moved comes back; one that had failed is not said to be elsewhere, one that cannot come back is', async () => {
  says = ({ vm, destination }) => (vm.uuid === 'bad' || (vm.uuid === 'stuck' && destination === 'a') ? [{ code: 'cpu-missing', severity: 'error', subject: 'cpu', message: 'Cannot.' }] : [])
  const id = await start([rowFor('bad'), rowFor('one'), rowFor('stuck'), rowFor('last')], { perHost: 2, perLink: 2 })
  await moving(id, 'one', 'stuck')
  arrive('one')
  arrive('stuck')
  await moving(id, 'last')
  runs.open(id).cancel('return')
  await moving(id, 'one')
  arrive('one')
  const run = await over(id)
  expect([names(run, 'returned'), names(run, 'skipped')]).toEqual([['one'], ['last']])
  expect(run.state).toMatchObject({ isCancelled: true, verdict: 'Cancelled: 1 VM brought back, 1 VM is elsewhere: stuck. a still has 3 VMs: bad, last, one.' })
})

test('maintenance: the host is closed from the beginning, and "in" once it said itself that it is empty', async () => {
  const id = await start([rowFor('one')], { isMaintenance: true })
  expect(records.get('a')!.maintenance).toMatchObject({ state: 'entering', reason: 'a dead fan', who: 'ada' })
  await moving(id, 'one')
  arrive('one')
  await over(id)
  expect(records.get('a')!.maintenance).toMatchObject({ state: 'in' })
})

test('a store that takes nothing more: the queue pauses with the reason, no move begins without being written down', async () => {
  const put = parts.store.runs.put.bind(parts.store.runs)
  const id = await start([rowFor('one'), rowFor('two')], { perHost: 1, perLink: 1 })
  await moving(id, 'one')
  vi.spyOn(store.runs, 'put').mockRejectedValue(new Failure('store-full', 'The disk is full.'))
  arrive('one')
  const run = await when(id, ({ state }) => state.state === 'paused')
  expect(run.state).toMatchObject({ reason: expect.stringContaining('The disk is full.') as string })
  expect(began).toHaveLength(1)
  vi.spyOn(store.runs, 'put').mockImplementation(put)
  runs.open(id).resume()
  await vi.waitUntil(() => began.length === 2)
})

test('after a restart the queue waits for a word; rows say what became of them', async () => {
  const id = await start([rowFor('one'), rowFor('two'), rowFor('three')], { perHost: 1, perLink: 1 })
  await moving(id, 'one')
  await runs.close()
  runs = new Runs(parts, 'ada')
  await runs.restore()
  const run = await when(id, ({ state }) => state.state === 'awaiting-word')
  expect([names(run, 'moving'), names(run, 'waiting')]).toEqual([['one'], ['two', 'three']])
  arrive('one')
  await when(id, (each) => names(each, 'moved').length === 1)
  expect(began).toHaveLength(1)
  runs.open(id).resume()
  await moving(id, 'two')
  moveOf('two').run({ phase: 'memory' })
  moveOf('two').fail({ code: 'move-failed', message: 'b went away.' }, { source: 'running', destination: 'unreachable', verdict: 'It runs at the source.', steps: [] })
  await moving(id, 'three')
  arrive('three')
  expect((await over(id)).rows[1]!.state).toMatchObject({ state: 'failed', whereabouts: { source: 'running' } })
})

test('a guest that was shut down for its move is started where it arrives, also by a Drover that was started anew meanwhile', async () => {
  const id = await start([{ ...rowFor('one'), how: 'shut-down-and-start' }, { ...rowFor('two'), how: 'shut-down-and-start' }, rowFor('three')])
  await moving(id, 'one', 'two')
  expect(began.map(({ plan }) => plan.options.technique)).toEqual(['offline', 'offline'])
  await runs.close()
  runs = new Runs(parts, 'ada')
  await runs.restore()
  arrive('one')
  moveOf('two').cancel({ source: 'off', destination: 'absent', verdict: 'It is off at the source.', steps: [] })
  await when(id, (run) => names(run, 'moved').join() === 'one' && names(run, 'skipped').join() === 'two')
  await vi.waitFor(() => expect(commands.slice(2).sort()).toEqual(['start one on b', 'start two on a']))
})

test('a guest that was shut down and cannot be moved then is started again where it was', async () => {
  says = ({ options }) => (commands.length > 0 && options.technique === 'offline' ? [{ code: 'disk-missing', severity: 'error', subject: 'vda', message: 'b does not see its disk.' }] : [])
  const id = await start([{ ...rowFor('one'), how: 'shut-down-and-start' }])
  expect((await over(id)).rows[0]!.state).toMatchObject({ state: 'failed', problem: { code: 'disk-missing' } })
  await vi.waitFor(() => expect(commands).toEqual(['shutdown one on a', 'start one on a']))
  expect(began).toEqual([])
})

test('the history says who, when, why and for which run, and is made good where the process was killed before it could write', async () => {
  const journal = { jobs, runs, store, log, who: 'eve' }
  const kept = keepPlacements(journal)
  const id = await start([rowFor('one'), rowFor('two')])
  await moving(id, 'one', 'two')
  arrive('one')
  await vi.waitUntil(async () => (await store.placements.list({ limit: 9 })).length === 1)
  kept.dispose()
  arrive('two')
  await over(id)
  await catchUpPlacements(journal)
  await catchUpPlacements(journal)
  expect(await store.placements.list({ text: 'DEAD fan', limit: 9 })).toEqual(['two', 'one'].map((vmName) => expect.objectContaining({ vmName, from: 'a', to: 'b', kind: 'evacuate', run: id, who: 'ada', reason: 'a dead fan', seconds: 1 }) as unknown))
})
