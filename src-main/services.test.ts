import { randomUUID } from 'node:crypto'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createORPCClient } from '@orpc/client'
import { RPCLink } from '@orpc/client/websocket'
import type { ContractRouterClient } from '@orpc/contract'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createLog } from './base/log.ts'
import { noSecrets } from './base/secrets.ts'
import { wirePair } from './base/wire.ts'
import { socketOf } from './base/wire-socket.ts'
import type { contract } from './contract/contract.ts'
import type { DemoState } from './contract/demo.ts'
import type { HostView } from './contract/host.ts'
import type { Job } from './contract/job.ts'
import { moveOptions, type Preflight } from './contract/migration.ts'
import type { Plan } from './contract/plan.ts'
import type { Run } from './contract/run.ts'
import type { VmView } from './contract/vm.ts'
import { createServices, type Services } from './services.ts'

// Whole moves and evacuations, on a machine that may be busy.
vi.setConfig({ testTimeout: 60_000 })

type Client = ContractRouterClient<typeof contract>
let profile: string
let services: Services
const ended = new AbortController()

beforeEach(async () => {
  profile = mkdtempSync(join(tmpdir(), 'drover-services-'))
  services = await createServices({ profile, version: '0', secrets: noSecrets, log: createLog('test', 'silent') })
})
afterEach(async () => {
  await services.close()
  rmSync(profile, { recursive: true, force: true })
})

function window(): Client {
  const [mine, theirs] = wirePair()
  services.serve(theirs, { shell: 'browser' })
  return createORPCClient(new RPCLink({ websocket: socketOf(mine) }))
}

/** The inventory as a window has it once `isEnough`. */
async function inventory(client: Client, isEnough: (hosts: readonly HostView[], vms: readonly VmView[]) => boolean): Promise<{ hosts: HostView[]; vms: VmView[] }> {
  const hosts = new Map<string, HostView>()
  const vms = new Map<string, VmView>()
  const subscription = randomUUID()
  for await (const frame of await client.inventory.watch({ subscription }, { signal: ended.signal })) {
    for (const host of frame.hosts) hosts.set(host.record.id, host)
    for (const vm of frame.vms) vms.set(`${vm.ref.host} ${vm.ref.uuid}`, vm)
    for (const { host, uuid } of frame.removedVms) vms.delete(`${host} ${uuid}`)
    await client.inventory.ack({ subscription, seq: frame.seq })
    if (isEnough([...hosts.values()], [...vms.values()])) break
  }
  return { hosts: [...hosts.values()], vms: [...vms.values()] }
}

const isAll = (hosts: readonly HostView[], vms: readonly VmView[]) => hosts.length === 3 && hosts.every(({ connection }) => connection.state === 'online') && vms.length === 12

async function open(client: Client): Promise<{ host(name: string): string; vm(name: string): VmView }> {
  await client.demo.open({ lab: 'teaching' })
  await client.demo.setSpeed({ speed: 50 })
  const { hosts, vms } = await inventory(client, isAll)
  return { host: (name) => hosts.find((host) => host.name === name)!.record.id, vm: (name) => vms.find((vm) => vm.name === name)! }
}

async function move(client: Client, vm: VmView, destination: string, options: Parameters<typeof moveOptions.parse>[0]): Promise<Job> {
  const job = randomUUID()
  await client.migration.start({ moves: [{ job, plan: { vm: vm.ref, destination, options: moveOptions.parse(options) } }] })
  for await (const frame of await client.job.watchAll(undefined, { signal: ended.signal })) {
    const found = frame.jobs.find(({ id }) => id === job)
    if (found && !['queued', 'running'].includes(found.state.state)) return found
  }
  throw new Error('no end of the job was told')
}

async function preflight(client: Client, vm: VmView, destination: string, technique = 'precopy' as const): Promise<Preflight> {
  const [found] = await client.migration.preflight({ plans: [{ vm: vm.ref, destination, options: moveOptions.parse({ technique, driver: 'app' }) }] })
  return found!
}

/** Plans until all is checked, starts what was planned, and waits for the end. */
async function carryOut(client: Client, wish: { kind: 'evacuate' | 'return'; host: string }): Promise<Run> {
  let plan: Plan | null = null
  for await (const frame of await client.cluster.plan(wish)) plan = frame
  const { request, rows, perHost, perLink } = plan!
  const run = randomUUID()
  await client.cluster.start({ run, request, rows, perHost, perLink })
  for await (const frame of await client.cluster.watchRuns(undefined, { signal: ended.signal })) {
    const found = frame.runs.find(({ id }) => id === run)
    if (found?.state.state === 'done') return found
  }
  throw new Error('no end of the run was told')
}

it('opens the teaching lab in one window, with hosts and VMs of its own, and leaves the real profile alone', async () => {
  const [here, there] = [window(), window()]
  await open(here)
  expect(await here.settings.info()).toMatchObject({ isDemo: true })
  expect(await there.settings.info()).toMatchObject({ isDemo: false })
  const states: DemoState[] = []
  for await (const state of await here.demo.watch()) {
    states.push(state)
    break
  }
  expect(states[0]).toMatchObject({ kind: 'demo', lab: { title: 'Teaching lab', hosts: 3, vms: 12 }, speed: 50, isPaused: false })
  expect((await inventory(there, () => true)).hosts).toEqual([])
  await here.demo.leave()
  expect((await inventory(here, () => true)).hosts).toEqual([])
  await expect(here.demo.setSpeed({ speed: 2 })).rejects.toMatchObject({ data: { code: 'demo-not-open' } })
})

it('moves a VM of the lab as it moves any, with a forecast before and figures after', async () => {
  const client = window()
  const { host, vm } = await open(client)
  const asked = await preflight(client, vm('web-1'), host('birch'))
  expect(asked).toMatchObject({ verdict: 'fits', findings: [] })
  expect(asked.forecast).toMatchObject({ converges: 'yes' })
  const job = await move(client, vm('web-1'), host('birch'), { technique: 'precopy', driver: 'app' })
  expect(job.state).toMatchObject({ state: 'succeeded', result: { bytes: expect.any(Number), totalMs: expect.any(Number) } })
  await inventory(client, (_, vms) => vms.some(({ name, ref, state }) => name === 'web-1' && ref.host === host('birch') && state === 'running'))
})

it('switches a VM that writes too fast to post-copy by hand, and it ends', async () => {
  const client = window()
  const { host, vm } = await open(client)
  await client.demo.setSpeed({ speed: 10 })
  const job = randomUUID()
  await client.migration.start({ moves: [{ job, plan: { vm: vm('build-1').ref, destination: host('birch'), options: moveOptions.parse({ technique: 'hybrid', hybridSwitch: { when: 'hand' } }) } }] })
  let isAsked = false
  for await (const { jobs } of await client.job.watchAll(undefined, { signal: ended.signal })) {
    const found = jobs.find(({ id }) => id === job)
    if (found?.state.state === 'running' && found.state.canSwitch && !isAsked) {
      isAsked = true
      await client.migration.switchToPostcopy({ job })
    }
    if (found && !['queued', 'running'].includes(found.state.state)) {
      expect(found.state).toMatchObject({ state: 'succeeded' })
      return
    }
  }
})

it('shows faults as what they are: a CPU that does not fit blocks, a host that crashed is offline', async () => {
  const client = window()
  const { host, vm } = await open(client)
  await client.demo.putFault({ kind: 'cpu-mismatch', host: host('birch') })
  // Its daemon is started anew, and says so as any daemon that went.
  const restarting = await inventory(client, (all) => all.some(({ name, connection }) => name === 'birch' && connection.state === 'offline'))
  expect(restarting.hosts.find(({ name }) => name === 'birch')?.connection).toMatchObject({ problem: { code: 'connection-lost' } })
  await inventory(client, (all) => all.some(({ name, facts, connection }) => name === 'birch' && connection.state === 'online' && facts?.cpuModel !== 'Skylake-Server-IBRS'))
  const asked = await preflight(client, vm('orders-db'), host('birch'))
  expect(asked.verdict).toBe('blocked')
  expect(asked.findings).toContainEqual(expect.objectContaining({ code: 'cpu-incompatible', severity: 'error' }))
  await client.demo.putFault({ kind: 'host-crash', host: host('cedar') })
  const { hosts } = await inventory(client, (all) => all.some(({ name, connection }) => name === 'cedar' && connection.state === 'offline'))
  expect(hosts.find(({ name }) => name === 'alder')?.connection.state).toBe('online')
})

it('empties a host of the lab by a plan, and says so once the host was asked; then brings its VMs back', async () => {
  const client = window()
  const { host } = await open(client)
  const evacuated = await carryOut(client, { kind: 'evacuate', host: host('cedar') })
  expect(evacuated.state).toMatchObject({ state: 'done', isComplete: true, emptiness: { isEmpty: true } })
  const returned = await carryOut(client, { kind: 'return', host: host('cedar') })
  expect(returned.state).toMatchObject({ state: 'done', isComplete: true })
  const { vms } = await inventory(client, isAll)
  expect(vms.filter(({ ref }) => ref.host === host('cedar')).map(({ name }) => name).sort()).toEqual(['git', 'monitor', 'web-3', 'wiki'])
})

// Agents are told apart by their file, which `npm test` builds.
it.runIf(existsSync(join(import.meta.dirname, '../out/agent/agent.mjs')))('moves VMs of the lab as a gang, and scatters one: what they share, and when the source is free, follows from its physics', async () => {
  const client = window()
  const { host, vm } = await open(client)
  await client.demo.setSpeed({ speed: 20 })
  const moves = ['web-2', 'mail'].map((name) => ({ job: randomUUID(), plan: { vm: vm(name).ref, destination: host('cedar'), options: moveOptions.parse({ technique: 'gang' }) } }))
  const [shared] = await client.migration.sharing({ vms: moves.map(({ plan }) => plan.vm) })
  expect(shared).toMatchObject({ kind: 'estimated', vms: 2 })
  await client.migration.start({ moves })
  const whenEnded = async (ids: readonly string[]) => {
    for await (const { jobs } of await client.job.watchAll(undefined, { signal: ended.signal })) {
      for (const job of jobs) last.set(job.id, job)
      if (ids.every((id) => last.get(id)?.endedAt != null)) return ids.map((id) => last.get(id)!)
    }
    throw new Error('no end')
  }
  const last = new Map<string, Job>()
  const gang = await whenEnded(moves.map(({ job }) => job))
  expect(gang.map(({ state }) => state)).toMatchObject([{ state: 'succeeded' }, { state: 'succeeded' }])
  expect(gang.reduce((sum, { pages }) => sum + (pages?.classes.acrossVms ?? 0), 0)).toBeGreaterThan(0)
  const scattered = { vm: vm('orders-db'), job: randomUUID() }
  await client.migration.start({ moves: [{ job: scattered.job, plan: { vm: scattered.vm.ref, destination: host('birch'), options: moveOptions.parse({ technique: 'scatter', replicas: 1, gatherMiBps: 35 }) } }] })
  const [job] = await whenEnded([scattered.job])
  expect(job!.state).toMatchObject({ state: 'succeeded' })
  expect(job!.pages).toMatchObject({ mayPowerOff: true, depots: [{ state: 'up' }] })
  expect(job!.pages!.sourceFreeMs!).toBeLessThan((job!.state as { result: { totalMs: number } }).result.totalMs)
})

it('says that a lab is not known', async () => {
  await expect(window().demo.open({ lab: 'nowhere' })).rejects.toMatchObject({ data: { code: 'demo-unknown' } })
})
