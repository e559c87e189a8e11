import { totalmem } from 'node:os'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { planRequest, type Plan } from '../../src-main/contract/plan.ts'
import type { Run } from '../../src-main/contract/run.ts'
import { LabGuest } from '../lab/guest.ts'
import { uuidOf } from '../lab/guest-xml.ts'
import type { LabHost } from '../lab/host.ts'
import { Lab } from '../lab/lab.ts'
import { MoveRig } from './move-rig.ts'
import { runEnded, startRun } from './run-rig.ts'

// An uneven cluster is evened as was suggested, and then the last move is undone, and the one before it.

let lab: Lab
let rig: MoveRig
const guests: LabGuest[] = []
const names = ['a', 'b', 'c', 'd'] as const
const hostOf = (name: string): LabHost => lab.host(names.indexOf(name as 'a'))

/** Shares of a host's memory that its VMs are given (hardly any of it is ever touched). The fullest host has half, the next two nothing; the last is in maintenance. */
const onFull = { 'big-1': 0.15, 'big-2': 0.15, 'small-1': 0.1, 'small-2': 0.1 }
const inMaintenance = { 'left-alone': 0.04 }

beforeAll(async () => {
  lab = await Lab.up({ hosts: names.map(() => ({ hasNode: true })) })
  const make = (wanted: Record<string, number>) =>
    Object.entries(wanted).map(([name, share]) => new LabGuest(lab, { name, memoryMiB: Math.floor((totalmem() * share) / (1 << 20)), patternMiB: 24, verifyPercent: 1, tickMs: 100 }))
  const [full, alone] = [make(onFull), make(inMaintenance)]
  await Promise.all([...full.map((guest) => guest.start(hostOf('a'))), ...alone.map((guest) => guest.start(hostOf('d')))])
  guests.push(...full, ...alone)
  rig = await MoveRig.open({ sshConfig: lab.ssh.configFile, hosts: lab.hosts.map(({ sshAddress }, i) => ({ name: names[i]!, address: sshAddress })) })
  await rig.bringAgents()
  for (const { name } of full) await rig.plan(uuidOf(name), 'a', 'b')
  await rig.plan(uuidOf('left-alone'), 'd', 'b')
  await rig.hosts.update(rig.idOf('d'), { maintenance: { state: 'entering', reason: 'firmware', who: 'ada', since: 1 } })
}, 300_000)
afterAll(async () => {
  await rig?.remove()
  await lab?.down()
})

/** The plan once both hosts of every row have answered. */
async function settled(request: object): Promise<Plan> {
  let last: Plan | undefined
  for await (const frame of rig.planner.plan(planRequest.parse(request), AbortSignal.timeout(120_000))) last = frame
  return last!
}

async function carryOut(plan: Plan, reason: string): Promise<Run> {
  const rows = plan.rows.map(({ vm, name, destination, how, options, priority, why }) => ({ vm, name, destination, how, options, priority, why }))
  return runEnded(rig, await startRun(rig, plan.request, rows, { perHost: plan.perHost, perLink: plan.perLink, reason }))
}

/** The host that each guest runs on, its memory whole. */
async function places(): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const guest of guests) {
    const running = await Promise.all(names.map((name) => guest.isRunning(hostOf(name))))
    expect(running.filter(Boolean), guest.name).toHaveLength(1)
    found[guest.name] = names[running.indexOf(true)]!
    expect(await guest.verify(hostOf(found[guest.name]!)), guest.name).toMatchObject({ bad: 0, badEver: 0 })
  }
  return found
}

const nameOf = (id: string) => rig.hosts.name(id)

test('a balance is suggested with the fewest moves, a reason each, applies nothing by itself, and evens the load when it is carried out', async () => {
  const plan = await settled({ kind: 'balance' })
  // Neither two small ones nor three of any kind: the two big ones, each to a host of its own.
  expect(plan.rows.map(({ name }) => name).sort()).toEqual(['big-1', 'big-2'])
  expect(plan.rows.map(({ destination }) => nameOf(destination!)).sort()).toEqual(['b', 'c'])
  for (const { name, why, how, obstacle } of plan.rows) {
    expect({ how, obstacle }, name).toEqual({ how: 'live', obstacle: null })
    expect(why).toMatch(/^With this plan a goes from 50 % to 20 % of its memory, and [bc] goes from 0 % to 15 % of its memory\.$/)
  }
  const loads = new Map(plan.hosts.map(({ name, before, after, memoryKiB }) => [name, [before, after].map((load) => load.memoryKiB / memoryKiB)]))
  const spread = (at: 0 | 1) => Math.max(...['a', 'b', 'c'].map((name) => loads.get(name)![at]!)) - Math.min(...['a', 'b', 'c'].map((name) => loads.get(name)![at]!))
  expect(spread(0)).toBeGreaterThan(0.45)
  expect(spread(1)).toBeLessThan(0.06)
  expect(plan.hosts.find(({ name }) => name === 'd')).toMatchObject({ excluded: 'd is in maintenance (firmware).' })
  expect(new Set(Object.values(await places()))).toEqual(new Set(['a', 'd']))

  const run = await carryOut(plan, 'even the load')
  expect(run.state, JSON.stringify(run.rows.map(({ state }) => state))).toMatchObject({ isComplete: true, isCancelled: false, verdict: '2 VMs moved.' })
  const now = await places()
  expect(now).toMatchObject({ 'small-1': 'a', 'small-2': 'a', 'left-alone': 'd' })
  expect([now['big-1'], now['big-2']].sort()).toEqual(['b', 'c'])
  await expect(settled({ kind: 'balance' })).rejects.toMatchObject({ code: 'nothing-to-plan', message: expect.stringMatching(/^Load is even/) as unknown })
  expect(rig.hosts.record(rig.idOf('d')).maintenance).toMatchObject({ reason: 'firmware', who: 'ada' })
})

test('the last move is undone, then the one before it: the VM is back each time, and the history says so', async () => {
  const [last, first] = await rig.runParts.store.placements.list({ limit: 2 })
  for (const move of [last!, first!]) {
    const plan = await settled({ kind: 'undo' })
    expect(plan.rows).toHaveLength(1)
    expect(plan.rows[0]).toMatchObject({ name: move.vmName, destination: rig.idOf('a'), how: 'live', why: 'It was on a before that move.' })
    const run = await carryOut(plan, 'it was better before')
    expect(run.state, JSON.stringify(run.rows.map(({ state }) => state))).toMatchObject({ isComplete: true, verdict: '1 VM moved.' })
    expect(await places()).toMatchObject({ [move.vmName]: 'a' })
    const [newest] = await rig.runParts.store.placements.list({ limit: 1 })
    expect(newest).toMatchObject({ vmName: move.vmName, fromName: move.toName, toName: 'a', kind: 'undo', reason: 'it was better before', who: 'tester', run: run.id })
  }
  expect(await places()).toEqual({ 'big-1': 'a', 'big-2': 'a', 'small-1': 'a', 'small-2': 'a', 'left-alone': 'd' })
})
