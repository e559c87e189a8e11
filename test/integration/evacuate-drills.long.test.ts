import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { enterMaintenance } from '../../src-main/features/cluster/maintenance/maintenance.ts'
import { LabGuest } from '../lab/guest.ts'
import { uuidOf, type GuestSpec } from '../lab/guest-xml.ts'
import type { LabHost } from '../lab/host.ts'
import { Lab } from '../lab/lab.ts'
import { MoveRig } from './move-rig.ts'
import { countOf, evacuation, rowOf, rowsFor, runEnded, runUntil, startRun, type RowWish } from './run-rig.ts'

// What can go wrong while a host is being emptied. In each of them: no guest is lost, none is powered off, and the page says what is so.

let lab: Lab
let rig: MoveRig
const guests: LabGuest[] = []
const names = ['a', 'b', 'c'] as const
const hostOf = (name: string): LabHost => lab.host(names.indexOf(name as 'a'))

const open = (profile?: string) =>
  MoveRig.open({ sshConfig: lab.ssh.configFile, hosts: lab.hosts.map(({ sshAddress }, i) => ({ name: names[i]!, address: sshAddress })), ...(profile ? { profile } : {}) })

beforeAll(async () => {
  lab = await Lab.up({ hosts: [{ hasNode: true }, { hasNode: true }, { hasNode: true }] })
}, 240_000)
beforeEach(async () => {
  rig = await open()
  await rig.bringAgents()
})
afterEach(async () => {
  await Promise.all(lab.hosts.map((host) => host.restoreLink().catch(() => {})))
  await Promise.all(lab.hosts.map((host) => host.shapeLink({})))
  await rig.remove()
  for (const guest of guests.splice(0)) await guest.remove(...lab.hosts)
})
afterAll(async () => {
  await lab?.down()
})

async function guestsOn(host: LabHost, count: number, spec: Partial<GuestSpec> = {}): Promise<LabGuest[]> {
  const made = Array.from({ length: count }, (_, i) => new LabGuest(lab, { name: `vm-${i + 1}`, ...spec }))
  guests.push(...made)
  await Promise.all(made.map((guest) => guest.start(host)))
  return made
}

const wishes = (made: readonly LabGuest[], to: (i: number) => string): RowWish[] => made.map(({ name }, i) => ({ name, from: 'a', to: to(i) }))

/** Every guest runs on exactly one host, with its memory whole. */
async function allWhole(): Promise<Record<string, string>> {
  const places: Record<string, string> = {}
  for (const guest of guests) {
    const running = await Promise.all(names.map((name) => guest.isRunning(hostOf(name))))
    expect(running.filter(Boolean), guest.name).toHaveLength(1)
    const at = names[running.indexOf(true)]!
    places[guest.name] = at
    expect(await guest.verify(hostOf(at)), guest.name).toMatchObject({ bad: 0, badEver: 0 })
  }
  return places
}

test('eight VMs leave for two hosts, four at a time, and come back', async () => {
  const made = await guestsOn(hostOf('a'), 8)
  const there = await startRun(rig, evacuation(rig, 'a'), await rowsFor(rig, wishes(made, (i) => (i % 2 ? 'b' : 'c'))), { perHost: 4, perLink: 4 })
  expect((await runEnded(rig, there)).state).toMatchObject({ isComplete: true, emptiness: { isEmpty: true } })
  expect(Object.values(await allWhole()).sort()).toEqual(['b', 'b', 'b', 'b', 'c', 'c', 'c', 'c'])
  const rows = await rowsFor(rig, made.map(({ name }, i) => ({ name, from: i % 2 ? 'b' : 'c', to: 'a' })))
  const back = await startRun(rig, { ...evacuation(rig, 'a'), kind: 'return' } as never, rows, { perHost: 4, perLink: 4 })
  expect((await runEnded(rig, back)).state).toMatchObject({ isComplete: true, verdict: '8 VMs moved.' })
  expect(new Set(Object.values(await allWhole()))).toEqual(new Set(['a']))
})

test('a destination dies after the third move: its rows fail with the truth, the others arrive, and a retry elsewhere empties the host', async () => {
  const made = await guestsOn(hostOf('a'), 6)
  await hostOf('a').shapeLink({ rate: '100mbit' })
  const id = await startRun(rig, evacuation(rig, 'a'), await rowsFor(rig, wishes(made, (i) => (i % 2 ? 'b' : 'c'))), { perHost: 1, perLink: 1 })
  await runUntil(rig, id, (run) => countOf(run, 'moved') >= 3, 'three moves')
  await hostOf('b').cutLink()
  const run = await runEnded(rig, id)
  expect(run.state).toMatchObject({ isComplete: false })
  const failed = run.rows.filter(({ state }) => state.state === 'failed')
  expect(failed.length).toBeGreaterThan(0)
  for (const row of failed) {
    expect(row.destinationName).toBe('b')
    expect(await guests.find(({ name }) => name === row.name)!.isRunning(hostOf('a')), row.name).toBe(true)
  }
  await hostOf('a').shapeLink({})
  for (const { vm } of failed) rig.runs.retry(id, vm.uuid, rig.idOf('c'))
  expect((await runEnded(rig, id)).state).toMatchObject({ verdict: expect.stringContaining('a was asked and has no VM left') as unknown })
  await hostOf('b').restoreLink()
  const places = await allWhole()
  for (const { name } of failed) expect(places[name]).toBe('c')
})

test('a VM that cannot move any more when its turn comes is named with the reason, and the rest goes on', async () => {
  const made = await guestsOn(hostOf('a'), 3)
  await hostOf('a').shapeLink({ rate: '60mbit' })
  const id = await startRun(rig, evacuation(rig, 'a'), await rowsFor(rig, wishes(made, () => 'b')), { perHost: 1, perLink: 1 })
  await runUntil(rig, id, (run) => rowOf(run, 'vm-1').state.state === 'moving', 'the first move')
  // Somebody defines another VM of that name at the destination meanwhile.
  const rival = new LabGuest(lab, { name: 'vm-3', uuid: uuidOf('rival') })
  await rival.define(hostOf('b'))
  try {
    await hostOf('a').shapeLink({})
    const run = await runEnded(rig, id)
    expect(rowOf(run, 'vm-3').state).toMatchObject({ state: 'failed', problem: { message: expect.stringContaining('vm-3') as unknown } })
    expect(countOf(run, 'moved')).toBe(2)
    expect(run.state).toMatchObject({ isComplete: false, verdict: '1 VM could not be moved. a still has 1 VM: vm-3.' })
  } finally {
    await hostOf('b').virsh(['undefine', 'vm-3'])
  }
  expect(await allWhole()).toEqual({ 'vm-1': 'b', 'vm-2': 'b', 'vm-3': 'a' })
})

test('memory at a destination is taken by others meanwhile: the row is refused, nothing is overfilled', async () => {
  const made = await guestsOn(hostOf('a'), 2)
  await hostOf('a').shapeLink({ rate: '60mbit' })
  const id = await startRun(rig, evacuation(rig, 'a'), await rowsFor(rig, wishes(made, (i) => (i === 0 ? 'c' : 'b'))), { perHost: 1, perLink: 1 })
  await runUntil(rig, id, (run) => rowOf(run, 'vm-1').state.state === 'moving', 'the first move')
  const total = rig.session('b').facts.memoryKiB
  // It never runs: libvirt counts what a VM may take.
  const hog = new LabGuest(lab, { name: 'hog', memoryMiB: Math.floor(total / 1024) - 64 })
  await hog.define(hostOf('b'))
  await hostOf('b').virsh(['start', '--paused', 'hog'])
  try {
    await hostOf('a').shapeLink({})
    const run = await runEnded(rig, id)
    expect(rowOf(run, 'vm-2').state).toMatchObject({ state: 'failed', problem: { code: 'memory-short' } })
  } finally {
    await hog.remove(hostOf('b'))
  }
  expect(await allWhole()).toEqual({ 'vm-1': 'c', 'vm-2': 'a' })
})

test('Drover ends half-way: the move that an agent drives goes on, the queue waits for a word, and goes on with it', async () => {
  const made = await guestsOn(hostOf('a'), 3)
  await hostOf('a').shapeLink({ rate: '60mbit' })
  const id = await startRun(rig, evacuation(rig, 'a'), await rowsFor(rig, wishes(made, () => 'b')), { perHost: 1, perLink: 1 })
  await runUntil(rig, id, (run) => countOf(run, 'moved') === 1 && run.rows.some(({ progress }) => (progress ?? 0) > 0.1), 'the second move under way')
  const { profile } = rig
  await rig.close()
  rig = await open(profile)
  const restored = await runUntil(rig, id, ({ state }) => state.state === 'awaiting-word', 'the question')
  expect(countOf(restored, 'waiting')).toBe(1)
  await hostOf('a').shapeLink({})
  await runUntil(rig, id, (run) => countOf(run, 'moved') === 2, 'the end of the move that went on')
  expect(await guests[2]!.isRunning(hostOf('a'))).toBe(true)
  rig.runs.open(id).resume()
  expect((await runEnded(rig, id)).state).toMatchObject({ isComplete: true, emptiness: { isEmpty: true } })
  expect(new Set(Object.values(await allWhole()))).toEqual(new Set(['b']))
})

test('cancel with "bring back": what has moved comes back, what was under way stays, and the page says so', async () => {
  const made = await guestsOn(hostOf('a'), 4)
  await hostOf('a').shapeLink({ rate: '100mbit' })
  const id = await startRun(rig, evacuation(rig, 'a'), await rowsFor(rig, wishes(made, (i) => (i % 2 ? 'b' : 'c'))), { perHost: 1, perLink: 1 })
  await runUntil(rig, id, (run) => countOf(run, 'moved') === 2 && countOf(run, 'moving') === 1, 'two moved, one moving')
  rig.runs.open(id).cancel('return')
  await hostOf('a').shapeLink({})
  const run = await runEnded(rig, id)
  expect(run.state).toMatchObject({ isCancelled: true, isComplete: false, verdict: expect.stringContaining('brought back') as unknown, emptiness: { isEmpty: false } })
  expect(countOf(run, 'moved')).toBe(0)
  expect(new Set(Object.values(await allWhole()))).toEqual(new Set(['a']))
})

test('cancel with "stop here", pause, skip and parallelism in flight', async () => {
  const made = await guestsOn(hostOf('a'), 5)
  await hostOf('a').shapeLink({ rate: '60mbit' })
  const id = await startRun(rig, evacuation(rig, 'a'), await rowsFor(rig, wishes(made, () => 'b')), { perHost: 1, perLink: 1 })
  await runUntil(rig, id, (run) => countOf(run, 'moving') === 1, 'the first move')
  const coordinator = rig.runs.open(id)
  coordinator.pause('Paused for the test.')
  rig.runs.skip(id, uuidOf('vm-5'))
  await hostOf('a').shapeLink({})
  await runUntil(rig, id, (run) => countOf(run, 'moved') === 1, 'its end')
  expect(coordinator.run.view.state.state).toBe('paused')
  expect(countOf(coordinator.run.view, 'waiting')).toBe(3)
  await hostOf('a').shapeLink({ rate: '20mbit' })
  coordinator.setParallelism({ perHost: 2, perLink: 2 })
  coordinator.resume()
  await runUntil(rig, id, (run) => countOf(run, 'moving') === 2, 'two at once')
  coordinator.cancel('stop')
  await hostOf('a').shapeLink({})
  const run = await runEnded(rig, id)
  expect(run.state).toMatchObject({ isCancelled: true, verdict: expect.stringMatching(/^Stopped: 1 VM moved/) as unknown })
  expect(rowOf(run, 'vm-5').state).toMatchObject({ state: 'skipped', reason: 'Skipped by the user.' })
  const places = await allWhole()
  expect(Object.values(places).filter((at) => at === 'b')).toHaveLength(1)
})

test('a host that is entering maintenance is in it once its last VM was moved off by hand, and not before', async () => {
  const [first, last] = await guestsOn(hostOf('a'), 2)
  const host = rig.idOf('a')
  await rowsFor(rig, wishes(guests, () => 'b'))
  await enterMaintenance(host, { reason: 'a dead fan', who: 'ada' }, rig.runParts)
  expect(rig.hosts.record(host).maintenance).toMatchObject({ state: 'entering' })
  const becameIn = new Promise<void>((resolve) => {
    rig.hosts.onDidChange(({ record }) => record.id === host && record.maintenance?.state === 'in' && resolve())
  })
  expect((await rig.move(uuidOf(first!.name), 'a', 'b')).state).toMatchObject({ state: 'succeeded' })
  expect(rig.hosts.record(host).maintenance).toMatchObject({ state: 'entering' })
  expect((await rig.move(uuidOf(last!.name), 'a', 'c')).state).toMatchObject({ state: 'succeeded' })
  await becameIn
  expect(rig.hosts.record(host).maintenance).toMatchObject({ state: 'in', reason: 'a dead fan', who: 'ada' })
  expect((await hostOf('a').virsh(['list', '--all', '--name'])).trim()).toBe('')
  expect(await allWhole()).toEqual({ 'vm-1': 'b', 'vm-2': 'c' })
})

test('shut down in the guest and start elsewhere; saved, moved cold and restored: both are asked for, and come to run elsewhere', async () => {
  const [stopped, saved] = await guestsOn(hostOf('a'), 2)
  const rows = await rowsFor(rig, [
    { name: stopped!.name, from: 'a', to: 'b', how: 'shut-down-and-start' },
    { name: saved!.name, from: 'a', to: 'c', how: 'save-and-move' },
  ])
  const run = await runEnded(rig, await startRun(rig, evacuation(rig, 'a'), rows))
  expect(run.state, JSON.stringify(run.rows.map(({ state }) => state))).toMatchObject({ isComplete: true, emptiness: { isEmpty: true } })
  expect(await stopped!.isRunning(hostOf('b'))).toBe(true)
  // It never rebooted: its memory is the one that it had.
  expect(await saved!.verify(hostOf('c'))).toMatchObject({ bad: 0, badEver: 0 })
  for (const name of ['a', 'c']) expect((await hostOf(name).run(['sh', '-c', 'ls /var/lib/libvirt/qemu/save'])).trim()).toBe('')
})

test('a destination that cannot restore a saved guest: it runs again where it was', async () => {
  const [vm] = await guestsOn(hostOf('a'), 1)
  const rival = new LabGuest(lab, { name: 'vm-1', uuid: uuidOf('rival') })
  await rival.define(hostOf('b'))
  try {
    const run = await runEnded(rig, await startRun(rig, evacuation(rig, 'a'), await rowsFor(rig, [{ name: vm!.name, from: 'a', to: 'b', how: 'save-and-move' }])))
    expect(rowOf(run, 'vm-1').state).toMatchObject({ state: 'failed' })
    expect(await vm!.isRunning(hostOf('a'))).toBe(true)
    expect(await vm!.verify(hostOf('a'))).toMatchObject({ bad: 0, badEver: 0 })
  } finally {
    await hostOf('b').virsh(['undefine', 'vm-1'])
  }
})
