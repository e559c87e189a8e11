import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Placement } from '../../src-main/contract/cluster.ts'
import type { Run } from '../../src-main/contract/run.ts'
import { LabGuest } from '../lab/guest.ts'
import type { LabHost } from '../lab/host.ts'
import { Lab } from '../lab/lab.ts'
import { until } from '../lab/waiting.ts'
import { startCommand } from './command-process.ts'
import { makeHome } from './lab-journey.ts'

// `drover evacuate` and `drover return` on real hosts: killed in the middle, interrupted, and to the end.

let lab: Lab
let guests: LabGuest[]
let home: ReturnType<typeof makeHome>
const a = () => lab.host(0)

beforeAll(async () => {
  lab = await Lab.up({ hosts: [{ hasNode: true }, { hasNode: true }, { hasNode: true }] })
  guests = Array.from({ length: 4 }, (_, i) => new LabGuest(lab, { name: `vm-${i + 1}`, patternMiB: 24 }))
  await Promise.all(guests.map((guest) => guest.start(a())))
  home = makeHome(lab)
  const keys = await Promise.all(lab.hosts.map(({ address }) => promisify(execFile)('ssh-keyscan', ['-t', 'ed25519', address])))
  writeFileSync(join(home.home, '.ssh/known_hosts'), keys.map(({ stdout }) => stdout).join(''))
  for (const { name } of lab.hosts) expect(await drover('hosts', 'add', name)).toMatchObject({ code: 0 })
}, 240_000)
afterAll(async () => {
  home?.remove()
  await lab?.down()
})

const begin = (...words: string[]) => startCommand(['--profile', home.profile, ...words], { HOME: home.home })
const drover = (...words: string[]) => begin(...words).said

/** Every guest runs on exactly one host, with its memory whole. */
async function allWhole(): Promise<number[]> {
  return Promise.all(
    guests.map(async (guest) => {
      const running = await Promise.all(lab.hosts.map((host) => guest.isRunning(host)))
      expect(running.filter(Boolean), guest.name).toHaveLength(1)
      const at = running.indexOf(true)
      expect(await guest.verify(lab.host(at)), guest.name).toMatchObject({ bad: 0, badEver: 0 })
      return at
    }),
  )
}

/** Somebody is on the way from that host, memory and all. */
async function underWay(): Promise<void> {
  await until('a move under way', async () => {
    const jobs = await Promise.all(guests.map(({ name }) => a().attempt(['virsh', '-q', '-c', 'qemu:///system', 'domjobinfo', name])))
    return jobs.some(({ code, stdout }) => code === 0 && /Memory remaining/.test(stdout))
  }, { deadlineMs: 120_000 })
}

test('the plan is shown; without a terminal and --yes nothing begins', async () => {
  const { code, out } = await drover('plan', 'evacuate', a().name)
  for (const { name } of guests) expect(out).toContain(name)
  expect(out).toContain('4 of 4 VMs move')
  expect(code).toBe(0)
  expect(await drover('evacuate', a().name)).toMatchObject({ code: 6, err: expect.stringContaining('--yes') as unknown })
  expect(await allWhole()).toEqual([0, 0, 0, 0])
})

test('killed in the middle: the move under way goes on, nothing begins without a word, and the same command goes on to the end', async () => {
  await a().shapeLink({ rate: '40mbit' })
  const killed = begin('evacuate', a().name, '--yes', '--parallel', '1', '--reason', 'firmware')
  await killed.hears(/vm-\d is on /)
  await underWay()
  killed.child.kill('SIGKILL')
  await killed.said
  await a().shapeLink({})
  const asked = await drover('evacuate', a().name)
  expect(asked).toMatchObject({ code: 6, err: expect.stringContaining('broke off') as unknown })
  const left = (await a().virsh(['list', '--name'])).trim().split('\n')
  expect(left.length).toBeGreaterThanOrEqual(2)
  const { code, out, err } = await drover('--json', 'evacuate', a().name, '--yes')
  expect(code, err).toBe(0)
  expect((JSON.parse(out) as Run).state).toMatchObject({ isComplete: true, verdict: `Evacuated: ${a().name} was asked and has no VM left.` })
  expect((await a().virsh(['list', '--all', '--name'])).trim()).toBe('')
  expect(await allWhole()).not.toContain(0)
  const history = JSON.parse((await drover('--json', 'history')).out) as Placement[]
  expect(history.map(({ vmName, kind, reason }) => `${vmName} ${kind} ${reason}`).sort()).toEqual(guests.map(({ name }) => `${name} evacuate firmware`))
})

test('the VMs are brought back', async () => {
  const { code, out, err } = await drover('return', a().name, '--yes')
  expect(code, err).toBe(0)
  expect(out).toContain('4 VMs moved.')
  expect(await allWhole()).toEqual([0, 0, 0, 0])
})

test('Ctrl-C: nothing new begins, the move under way is cancelled, and it is said where all are', async () => {
  await a().shapeLink({ rate: '40mbit' })
  const stopped = begin('evacuate', a().name, '--yes', '--parallel', '1')
  await stopped.hears(/vm-\d is on /)
  await underWay()
  stopped.child.kill('SIGINT')
  const { code, out, err } = await stopped.said
  await a().shapeLink({})
  expect(err).toContain('Stopping: nothing new begins.')
  expect(out).toContain('Stopped: 1 VM moved, and stays where it is now.')
  expect(code).toBe(130)
  expect((await allWhole()).filter((at) => at === 0)).toHaveLength(3)
})

test('eight VMs leave for two hosts and come back, each with its memory whole, and the history has every one of them', async () => {
  expect(await drover('return', a().name, '--yes')).toMatchObject({ code: 0 })
  const more = Array.from({ length: 4 }, (_, i) => new LabGuest(lab, { name: `vm-${i + 5}`, patternMiB: 24 }))
  await Promise.all(more.map((guest) => guest.start(a())))
  guests.push(...more)
  expect(await allWhole()).toEqual(guests.map(() => 0))

  const emptied = await drover('--json', 'evacuate', a().name, '--yes', '--reason', 'a dead fan', '--maintenance')
  expect(emptied.code, emptied.err).toBe(0)
  const run = JSON.parse(emptied.out) as Run
  expect(run.state).toMatchObject({ isComplete: true, isCancelled: false, verdict: `Evacuated: ${a().name} was asked and has no VM left.`, emptiness: { isEmpty: true, left: [] } })
  expect(await namesOn(a())).toEqual([])
  const places = await allWhole()
  expect(places).toHaveLength(8)
  expect(new Set(places)).toEqual(new Set([1, 2]))
  expect(run.rows.map(({ name, destinationName }) => `${name} ${destinationName}`).sort()).toEqual(guests.map(({ name }, i) => `${name} ${lab.host(places[i]!).name}`))

  const back = await drover('return', a().name, '--yes', '--reason', 'the fan is new')
  expect(back.code, back.err).toBe(0)
  expect(back.out).toContain('8 VMs moved.')
  expect(await allWhole()).toEqual(guests.map(() => 0))
  for (const host of lab.hosts.slice(1)) expect(await namesOn(host)).toEqual([])

  const history = JSON.parse((await drover('--json', 'history', '--limit', '16')).out) as Placement[]
  const of = (kind: Placement['kind'], reason: string) => history.filter((each) => each.kind === kind && each.reason === reason).map(({ vmName }) => vmName).sort()
  expect(of('evacuate', 'a dead fan')).toEqual(guests.map(({ name }) => name))
  expect(of('return', 'the fan is new')).toEqual(guests.map(({ name }) => name))
})

/** Names of all VMs that the host itself says it has, running or not. */
async function namesOn(host: LabHost): Promise<string[]> {
  return (await host.virsh(['list', '--all', '--name'])).split('\n').filter(Boolean)
}
