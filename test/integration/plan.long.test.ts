import { afterAll, beforeAll, expect, test } from 'vitest'
import { planRequest, type Plan, type PlanRow } from '../../src-main/contract/plan.ts'
import { LabGuest } from '../lab/guest.ts'
import { uuidOf } from '../lab/guest-xml.ts'
import { imagesFolder } from '../lab/places.ts'
import { Lab } from '../lab/lab.ts'
import { MoveRig } from './move-rig.ts'
import { runEnded, startRun } from './run-rig.ts'

// A host is emptied and filled again by what the plan says, over real hosts: first from the inventory, then with what both hosts answer.

let lab: Lab
let rig: MoveRig
const running = Array.from({ length: 6 }, (_, i) => `vm-${i + 1}`)
const guests = new Map<string, LabGuest>()

beforeAll(async () => {
  lab = await Lab.up({ hosts: [{ hasNode: true }, { hasNode: true }, { hasNode: true }] })
  for (const host of lab.hosts) await host.shapeLink({ rate: '200mbit' })
  for (const name of [...running, 'off', 'local']) guests.set(name, new LabGuest(lab, { name, memoryMiB: 160, patternMiB: 80, ...(name === 'local' ? { disks: [{ path: `${imagesFolder}/local.qcow2`, format: 'qcow2' }] } : {}) }))
  await guests.get('local')!.createDisks(lab.host(0), 16)
  await Promise.all([...running, 'local'].map((name) => guests.get(name)!.start(lab.host(0))))
  await guests.get('off')!.define(lab.host(0))
  rig = await MoveRig.open({ sshConfig: lab.ssh.configFile, hosts: lab.hosts.map(({ sshAddress }, i) => ({ name: ['a', 'b', 'c'][i]!, address: sshAddress })) })
  await rig.bringAgents()
  for (const name of guests.keys()) await rig.plan(uuidOf(name), 'a', 'b')
}, 300_000)
afterAll(async () => {
  await rig?.remove()
  await lab?.down()
})

async function planned(request: object): Promise<[Plan, Plan]> {
  const frames: Plan[] = []
  for await (const frame of rig.planner.plan(planRequest.parse(request), AbortSignal.timeout(120_000))) frames.push(frame)
  return [frames[0]!, frames.at(-1)!]
}

const row = ({ rows }: Plan, name: string): PlanRow => rows.find((each) => each.name === name)!
const carried = ({ rows }: Plan) => rows.map(({ vm, name, destination, how, options, priority, why }) => ({ vm, name, destination, how, options, priority, why }))

/** Carries the plan out; tells forecast and truth. */
async function carryOut(plan: Plan): Promise<void> {
  const id = await startRun(rig, plan.request, carried(plan), { perHost: plan.perHost, perLink: plan.perLink, forecastSeconds: plan.seconds })
  const run = await runEnded(rig, id)
  console.log(`${plan.request.kind}: forecast ${plan.seconds?.join(' to ')} s, took ${((run.endedAt! - run.createdAt) / 1000).toFixed(1)} s, ${plan.perHost} at once`)
  expect(run.state, JSON.stringify(run.rows.map(({ name, state }) => ({ name, state })))).toMatchObject({ isComplete: true, isCancelled: false })
}

test('a host is emptied by its plan, with a disk that is copied because that was chosen, and filled again', async () => {
  await rig.rules.put({ id: 'r', name: 'pair', kind: 'apart', members: { vms: [uuidOf('vm-1'), uuidOf('vm-2')], tags: [] } })
  const host = rig.idOf('a')
  const [first, last] = await planned({ kind: 'evacuate', host })
  expect([first.checked, first.toCheck]).toEqual([0, 8])
  expect(first.rows.map(({ name }) => name).sort()).toEqual([...guests.keys()].sort())
  for (const each of first.rows) expect(each.forecast?.seconds[1], each.name).toBeGreaterThan(0)
  expect(last.checked).toBe(8)
  for (const name of running) expect(row(last, name), name).toMatchObject({ how: 'live', isChecked: true, obstacle: null })
  expect(row(last, 'off')).toMatchObject({ how: 'offline', obstacle: null })
  expect(row(last, 'vm-1').destination).not.toBe(row(last, 'vm-2').destination)
  expect(row(last, 'local')).toMatchObject({ how: 'stay', obstacle: { problem: { code: 'disk-missing' }, chosen: 'leave' } })
  expect(last).toMatchObject({ empties: false, warnings: [{ code: 'not-emptied', message: 'a will not be empty: local stays.' }] })

  const [, chosen] = await planned({ kind: 'evacuate', host, edits: [{ vm: row(last, 'local').vm, choice: 'copy-storage' }] })
  expect(row(chosen, 'local')).toMatchObject({ how: 'live', options: { storage: 'full' }, obstacle: { chosen: 'copy-storage' } })
  expect(chosen.empties).toBe(true)
  await carryOut(chosen)
  expect((await lab.host(0).virsh(['list', '--all', '--name'])).trim()).toBe('')

  const [, back] = await planned({ kind: 'return', host, vms: [...running, 'off'].map(uuidOf) })
  expect(back.rows.map(({ name, destination }) => `${name} ${destination}`).sort()).toEqual([`off ${host}`, ...running.map((name) => `${name} ${host}`)].sort())
  await rig.rules.remove('r')
  expect(row(back, 'vm-1').how === 'live' && row(back, 'vm-2').how === 'live').toBe(false)
  const [, all] = await planned({ kind: 'return', host, vms: [...running, 'off'].map(uuidOf) })
  await carryOut(all)
  for (const name of running) expect(await guests.get(name)!.verify(lab.host(0)), name).toMatchObject({ bad: 0, badEver: 0 })

  const [, undo] = await planned({ kind: 'undo' })
  expect(undo.rows).toHaveLength(1)
  expect(undo.rows[0]).toMatchObject({ how: expect.stringMatching(/live|offline/) as string })
})
