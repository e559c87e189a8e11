import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { MoveOptions } from '../../src-main/contract/migration.ts'
import { LabGuest } from '../lab/guest.ts'
import { GuestWatch } from '../lab/guest-watch.ts'
import { uuidOf } from '../lab/guest-xml.ts'
import type { LabHost } from '../lab/host.ts'
import { Lab } from '../lab/lab.ts'
import { until } from '../lab/waiting.ts'
import { MoveRig } from './move-rig.ts'

const moves = 100
/** By then everything has been used once and what is kept for good is there: from here on nothing may grow. */
const warm = 20
const mebibyte = 1024 * 1024
const name = 'hundred'
const hostNames = ['one', 'two'] as const

/** In turn; an odd number, so that each goes there and back. */
const kinds: readonly Partial<MoveOptions>[] = [
  { technique: 'precopy', driver: 'agent' },
  { technique: 'postcopy', driver: 'agent' },
  { technique: 'hybrid', driver: 'agent', hybridSwitch: { when: 'time', seconds: 1 }, bandwidthMiBps: 16 },
  { technique: 'precopy', driver: 'app' },
  { technique: 'postcopy', driver: 'app' },
  { technique: 'hybrid', driver: 'app', hybridSwitch: { when: 'forecast' } },
  { technique: 'precopy', driver: 'agent', autoConverge: true },
]

let lab: Lab
let rig: MoveRig
const warnings: string[] = []
const onWarning = (warning: Error) => warnings.push(`${warning.name}: ${warning.message}`)

beforeAll(async () => {
  process.on('warning', onWarning)
  lab = await Lab.up({ hosts: [{}, {}] })
  rig = await MoveRig.open({ sshConfig: lab.ssh.configFile, hosts: hostNames.map((host, i) => ({ name: host, address: lab.host(i).sshAddress })) })
  await rig.bringAgents()
})

afterAll(async () => {
  process.off('warning', onWarning)
  await rig?.remove()
  await lab?.down()
})

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** What this process holds. Memory in bytes, after a full collection. */
function ownState(): { heap: number; rss: number; descriptors: number; resources: Record<string, number> } {
  collect()
  const { heapUsed, external, rss } = process.memoryUsage()
  const resources: Record<string, number> = {}
  for (const kind of process.getActiveResourcesInfo()) if (/Wrap|Timeout/.test(kind)) resources[kind] = (resources[kind] ?? 0) + 1
  return { heap: heapUsed + external, rss, descriptors: readdirSync('/proc/self/fd').length, resources }
}

/** What the agent's server of a host holds; bytes. */
function agentState(host: LabHost): { rss: number; descriptors: number } {
  const servers = host.pids().filter(({ argv }) => argv.at(-1) === 'serve' && argv.some((word) => word.endsWith('.mjs')))
  expect(servers, host.name).toHaveLength(1)
  const { pid } = servers[0]!
  const rss = Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? Number.NaN) * 1024
  return { rss, descriptors: readdirSync(`/proc/${pid}/fd`).length }
}

/** What must be the same after the hundredth move as after the twentieth: processes, sockets, ports. */
async function hostState(host: LabHost) {
  const { byName, listeners, connections, agents, zombies } = await host.count()
  const { 'qemu-system-x86': qemu = 0, sshd = 0 } = byName
  return { listeners, connections, agents, zombies, sshd, qemu }
}

const states = () => Promise.all(lab.hosts.map(hostState))

test('a hundred moves there and back by every technique: none fails, the guest is whole, nothing is left over', async () => {
  const guest = new LabGuest(lab, { name, rate: 1 })
  await guest.start(lab.host(0))
  const before = await states()
  const watch = await GuestWatch.start(guest, lab.hosts)
  await watch.ticks(0)
  let settled: { own: ReturnType<typeof ownState>; agents: ReturnType<typeof agentState>[]; hosts: Awaited<ReturnType<typeof states>> } | null = null
  const heaps: number[] = []
  const totals = new Map<string, number[]>()
  for (let move = 0; move < moves; move++) {
    const [from, to] = move % 2 === 0 ? [0, 1] : [1, 0]
    const options = kinds[move % kinds.length]!
    const job = await rig.move(uuidOf(name), hostNames[from]!, hostNames[to]!, options)
    expect(job.state, `move ${move + 1}: ${JSON.stringify(options)} ${JSON.stringify(job.state)}\n${await rig.log(job.id)}`).toMatchObject({ state: 'succeeded' })
    expect(job.driver).toBe(options.driver)
    await watch.ticks(to, 5, 60_000)
    const kind = `${options.technique} by the ${options.driver}`
    totals.set(kind, [...(totals.get(kind) ?? []), job.state.state === 'succeeded' ? job.state.result.totalMs : 0])
    // Counted with the guest at home, so that the same is compared.
    if (to !== 0) continue
    if (move + 1 === warm) settled = { own: ownState(), agents: lab.hosts.map(agentState), hosts: await quiet() }
    if (move + 1 >= warm) heaps.push(ownState().heap)
    if ((move + 1) % 20 === 0) {
      const { heap, rss, descriptors } = ownState()
      console.log(`${move + 1} moves: heap ${mib(heap)}, RSS ${mib(rss)} MiB, ${descriptors} descriptors; agents ${lab.hosts.map((host) => mib(agentState(host).rss)).join(' and ')} MiB`)
    }
  }
  const after = await quiet()
  const report = await watch.stop()
  for (const [kind, each] of totals) console.log(`${kind}: ${each.length} moves, ${Math.round(each.reduce((sum, ms) => sum + ms, 0) / each.length)} ms each`)

  expect(await guest.verify(lab.host(0))).toMatchObject({ bad: 0, badEver: 0 })
  expect(report).toMatchObject({ bad: [], changesOfHost: moves })
  if (!settled) throw new Error('never counted')
  const own = ownState()
  // Hosts: as many of everything, and no port that was not open before the first move.
  expect(after).toEqual(settled.hosts)
  expect(after.map(({ listeners }) => listeners)).toEqual(before.map(({ listeners }) => listeners))
  expect(after.map(({ zombies }) => zombies)).toEqual([0, 0])
  for (const [i, host] of lab.hosts.entries()) {
    const agent = agentState(host)
    expect(agent.descriptors, host.name).toBeLessThanOrEqual(settled.agents[i]!.descriptors)
    expect(agent.rss - settled.agents[i]!.rss, host.name).toBeLessThan(40 * mebibyte)
    expect(historiesOn(host), host.name).toEqual([])
  }
  // This program: no descriptor, socket or timer more; the heap may breathe, not climb.
  expect(own.descriptors).toBeLessThanOrEqual(settled.own.descriptors)
  for (const [kind, count] of Object.entries(own.resources)) expect(count, kind).toBeLessThanOrEqual((settled.own.resources[kind] ?? 0) + (kind === 'Timeout' ? 3 : 0))
  expect(slopeOf(heaps) * heaps.length, `heap after each there and back: ${heaps.map(mib).join(', ')} MiB`).toBeLessThan(8 * mebibyte)
  expect(own.rss - settled.own.rss).toBeLessThan(96 * mebibyte)
  expect(warnings.filter((warning) => /MaxListeners|leak/i.test(warning))).toEqual([])

  // Without the app the agents end, and nothing of Drover runs on either host.
  await guest.remove(...lab.hosts)
  await rig.close()
  await until('The end of all agents', async () => (await states()).every(({ agents, qemu }) => agents === 0 && qemu === 0), { deadlineMs: 60_000, everyMs: 500 })
  rig = await MoveRig.open({ sshConfig: lab.ssh.configFile, hosts: hostNames.map((host, i) => ({ name: host, address: lab.host(i).sshAddress })), profile: rig.profile })
  expect(await rig.jobs.list({ limit: 1000 })).toHaveLength(moves)
})

/** The hosts' state once it holds still: the last move's connections are on their way out when its job has ended. */
async function quiet(): Promise<Awaited<ReturnType<typeof states>>> {
  let last = ''
  return until('Hosts that hold still', async () => {
    const now = await states()
    const text = JSON.stringify(now)
    const isSame = text === last
    last = text
    return isSame ? now : null
  }, { everyMs: 1500, deadlineMs: 60_000 })
}

/** Histories of jobs that the agent still keeps. */
function historiesOn(host: LabHost): string[] {
  return readdirSync(join(host.onMachine('/root'), '.cache/drover'), { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.jsonl'))
}

/** Least squares: the growth from one value to the next. */
function slopeOf(values: readonly number[]): number {
  const middle = (values.length - 1) / 2
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const spread = values.reduce((sum, _, i) => sum + (i - middle) ** 2, 0)
  return values.reduce((sum, value, i) => sum + (i - middle) * (value - mean), 0) / spread
}

function mib(bytes: number): string {
  return (bytes / mebibyte).toFixed(1)
}
