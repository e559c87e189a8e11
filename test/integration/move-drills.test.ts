import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { MoveOptions } from '../../src-main/contract/migration.ts'
import { LabGuest } from '../lab/guest.ts'
import type { GuestSpec } from '../lab/guest-xml.ts'
import { uuidOf } from '../lab/guest-xml.ts'
import type { LabHost } from '../lab/host.ts'
import { Lab } from '../lab/lab.ts'
import { isIn, MoveRig } from './move-rig.ts'

let lab: Lab
let rig: MoveRig
let one: LabHost
let two: LabHost
const guests: LabGuest[] = []

/** Slow enough to be caught in any phase. */
const slow: Partial<MoveOptions> = { bandwidthMiBps: 2 }

const open = (profile?: string) =>
  MoveRig.open({
    sshConfig: lab.ssh.configFile,
    hosts: [
      { name: 'one', address: one.sshAddress },
      { name: 'two', address: two.sshAddress },
    ],
    ...(profile ? { profile } : {}),
  })

beforeAll(async () => {
  lab = await Lab.up({ hosts: [{ hasNode: true }, { hasNode: true }] })
  one = lab.host(0)
  two = lab.host(1)
  rig = await open()
  await rig.bringAgents()
}, 240_000)

afterEach(async () => {
  await one.shapeLink({})
  for (const guest of guests.splice(0)) await guest.remove(one, two)
})

afterAll(async () => {
  await rig?.remove()
  await lab?.down()
})

async function guestOn(host: LabHost, spec: GuestSpec): Promise<LabGuest> {
  const guest = new LabGuest(lab, spec)
  guests.push(guest)
  await guest.start(host)
  return guest
}

async function begun(name: string, options: Partial<MoveOptions>): Promise<string> {
  return rig.start(await rig.plan(uuidOf(name), 'one', 'two', options))
}

async function expectAtSource(guest: LabGuest): Promise<void> {
  expect(await guest.isRunning(one)).toBe(true)
  expect((await two.virsh(['list', '--all', '--name'])).trim()).toBe('')
}

test('cancelled before anything has begun: nothing happens', async () => {
  const guest = await guestOn(one, { name: 'cancel-early' })
  const id = await begun('cancel-early', { driver: 'app' })
  await rig.migration.cancel(id)
  expect((await rig.ended(id)).state).toMatchObject({ state: 'cancelled', whereabouts: { source: 'running', destination: 'absent' } })
  await expectAtSource(guest)
  await expect(rig.migration.cancel(id)).rejects.toMatchObject({ code: 'move-not-running' })
})

test.each(['app', 'agent'] as const)('cancelled while memory is copied, driven by the %s: it stays', async (driver) => {
  const guest = await guestOn(one, { name: `cancel-memory-${driver}` })
  const id = await begun(`cancel-memory-${driver}`, { ...slow, driver })
  const job = await rig.until(id, isIn('memory'))
  expect(job.state).toMatchObject({ cancellation: { can: 'yes', effect: expect.stringContaining('one') } })
  await rig.migration.cancel(id)
  expect((await rig.ended(id)).state).toMatchObject({ state: 'cancelled', whereabouts: { source: 'running', destination: 'absent' } })
  await expectAtSource(guest)
})

const disk = (file: string) => ({ path: `/var/lib/libvirt/images/${file}`, format: 'raw' as const, cache: 'none' as const })

test('cancelled while disks are copied: it stays', async () => {
  await one.run(['dd', 'if=/dev/urandom', 'of=/var/lib/libvirt/images/storage.raw', 'bs=1M', 'count=24'])
  const guest = await guestOn(one, { name: 'cancel-storage', disks: [disk('storage.raw')] })
  const id = await begun('cancel-storage', { ...slow, driver: 'app', storage: 'full' })
  const job = await rig.until(id, isIn('storage'))
  expect(job.progress ?? 0).toBeLessThan(1)
  await rig.migration.cancel(id)
  expect((await rig.ended(id)).state).toMatchObject({ state: 'cancelled' })
  await expectAtSource(guest)
})

test('cancelled while disks of a VM that is off are copied: the unfinished copy is taken back', async () => {
  await one.run(['dd', 'if=/dev/urandom', 'of=/var/lib/libvirt/images/off.raw', 'bs=1M', 'count=24'])
  const guest = new LabGuest(lab, { name: 'cancel-off', disks: [disk('off.raw')] })
  guests.push(guest)
  await guest.define(one)
  await one.shapeLink({ rate: '16mbit' })
  const id = await begun('cancel-off', { technique: 'offline', storage: 'full' })
  await rig.until(id, ({ state, progress }) => isIn('storage')({ state } as never) && (progress ?? 0) > 0.05)
  await rig.migration.cancel(id)
  expect((await rig.ended(id)).state).toMatchObject({ state: 'cancelled', whereabouts: { source: 'off', destination: 'absent' } })
  expect((await two.attempt(['test', '-e', '/var/lib/libvirt/images/off.raw'])).code).toBe(1)
  await one.run(['test', '-e', '/var/lib/libvirt/images/off.raw'])
})

test('past the switch to post-copy there is no cancel, and the limits still end it sooner', async () => {
  const guest = await guestOn(one, { name: 'no-cancel' })
  const id = await begun('no-cancel', { ...slow, technique: 'postcopy', driver: 'app' })
  const job = await rig.until(id, isIn('postcopy'))
  expect(job.state).toMatchObject({ isPastNoReturn: true, cancellation: { can: 'no', reason: expect.any(String) } })
  await expect(rig.migration.cancel(id)).rejects.toMatchObject({ code: 'move-not-cancellable' })
  await rig.migration.setLimits(id, { bandwidthMiBps: 1000 })
  expect((await rig.ended(id)).state).toMatchObject({ state: 'succeeded' })
  expect(await guest.isRunning(two)).toBe(true)
})

test('a hybrid move is switched by hand', async () => {
  const guest = await guestOn(one, { name: 'switch-hand' })
  const id = await begun('switch-hand', { ...slow, technique: 'hybrid', hybridSwitch: { when: 'hand' }, driver: 'app' })
  await rig.until(id, ({ state }) => state.state === 'running' && state.canSwitch)
  await rig.migration.switchToPostcopy(id)
  await rig.until(id, isIn('postcopy'))
  await rig.migration.setLimits(id, { bandwidthMiBps: 1000 })
  expect((await rig.ended(id)).state).toMatchObject({ state: 'succeeded' })
  expect(await guest.isRunning(two)).toBe(true)
})

test('Drover ends in mid-move: the agent goes on, and the next Drover follows it to its end', async () => {
  const guest = await guestOn(one, { name: 'restart-agent' })
  const id = await begun('restart-agent', { ...slow, driver: 'agent' })
  const before = await rig.until(id, ({ progress, state }) => isIn('memory')({ state } as never) && (progress ?? 0) > 0.05)
  await rig.close()
  rig = await open(rig.profile)
  const again = await rig.until(id, ({ state }) => state.state === 'running')
  expect(again.progress).toBeGreaterThanOrEqual(before.progress!)
  await rig.migration.setLimits(id, { bandwidthMiBps: 1000 })
  expect((await rig.ended(id)).state).toMatchObject({ state: 'succeeded', result: { bytes: expect.any(Number) } })
  expect(await guest.isRunning(two)).toBe(true)
  const log = await rig.log(id)
  expect(log.match(/Begin on the source: done/g)).toHaveLength(1)
})

test('Drover ends in mid-move that it drove itself: the next one says what became of it', async () => {
  const guest = await guestOn(one, { name: 'restart-app' })
  const id = await begun('restart-app', { ...slow, driver: 'app' })
  await rig.until(id, isIn('memory'))
  await rig.close()
  rig = await open(rig.profile)
  const job = await rig.ended(id)
  expect(job.state).toMatchObject({ state: 'failed', problem: { code: 'driver-lost', message: expect.stringContaining('The VM runs on one') }, whereabouts: { source: 'running', destination: 'absent' } })
  await expectAtSource(guest)
  expect(await rig.jobs.locate(id)).toMatchObject({ source: 'running', destination: 'absent', steps: [] })
  await expect(rig.jobs.resolve(id, 'resume-source')).rejects.toMatchObject({ code: 'step-unsafe' })
})

test('the agent is killed in mid-move: both hosts are asked, and the VM is where that says', async () => {
  const guest = await guestOn(one, { name: 'agent-killed' })
  const id = await begun('agent-killed', { ...slow, driver: 'agent' })
  await rig.until(id, isIn('memory'))
  for (const { pid, argv } of one.pids()) if (argv.some((word) => word.includes('agent') && word.endsWith('.mjs'))) process.kill(pid, 'SIGKILL')
  expect((await rig.ended(id)).state).toMatchObject({ state: 'failed', whereabouts: { source: 'running', destination: 'absent' } })
  await expectAtSource(guest)
})
