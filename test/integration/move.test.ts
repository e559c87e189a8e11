import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Job } from '../../src-main/contract/job.ts'
import type { MoveOptions } from '../../src-main/contract/migration.ts'
import { LabGuest } from '../lab/guest.ts'
import type { GuestSpec } from '../lab/guest-xml.ts'
import { onShared, uuidOf } from '../lab/guest-xml.ts'
import type { LabHost } from '../lab/host.ts'
import { Lab } from '../lab/lab.ts'
import { MoveRig } from './move-rig.ts'

let lab: Lab
let rig: MoveRig
let one: LabHost
let two: LabHost
const guests: LabGuest[] = []

beforeAll(async () => {
  lab = await Lab.up({ hosts: [{ hasNode: true }, { hasNode: true }] })
  one = lab.host(0)
  two = lab.host(1)
  rig = await MoveRig.open({ sshConfig: lab.ssh.configFile, hosts: [{ name: 'one', address: one.sshAddress }, { name: 'two', address: two.sshAddress }] })
  await rig.bringAgents()
}, 240_000)

afterEach(async () => {
  for (const guest of guests.splice(0)) await guest.remove(one, two)
})

afterAll(async () => {
  await rig?.remove()
  await lab?.down()
})

async function guestOn(host: LabHost, spec: GuestSpec, options: { isTransient?: boolean; isOff?: boolean; disksMiB?: number } = {}): Promise<LabGuest> {
  const guest = new LabGuest(lab, spec)
  guests.push(guest)
  if (options.disksMiB) await guest.createDisks(host, options.disksMiB)
  if (options.isOff) await guest.define(host)
  else await guest.start(host, options.isTransient ? { isTransient: true } : {})
  return guest
}

/** Moves, and says why it failed if it did. */
async function moved(name: string, from: string, to: string, options: Partial<MoveOptions>): Promise<Job> {
  const job = await rig.move(uuidOf(name), from, to, options)
  expect(job.state, `${JSON.stringify(job.state)}\n${await rig.log(job.id)}`).toMatchObject({ state: 'succeeded' })
  return job
}

async function isPersistent(host: LabHost, name: string): Promise<boolean> {
  return (await host.virsh(['dominfo', name])).includes('Persistent:     yes')
}

describe.each<[string, Partial<MoveOptions>]>([
  ['pre-copy, driven by the app', { technique: 'precopy', driver: 'app' }],
  ['pre-copy, driven by the agent', { technique: 'precopy', driver: 'agent' }],
  ['post-copy, driven by the agent', { technique: 'postcopy', driver: 'agent' }],
  ['post-copy, driven by the app', { technique: 'postcopy', driver: 'app' }],
])('%s', (_, options) => {
  test('a ticking guest arrives whole, runs, and stays persistent', async () => {
    const name = `move-${options.technique}-${options.driver}`
    const guest = await guestOn(one, { name, rate: 2 })
    const job = await moved(name, 'one', 'two', options)
    expect(await guest.isRunning(two)).toBe(true)
    expect(await guest.verify(two)).toMatchObject({ bad: 0, badEver: 0 })
    expect(await isPersistent(two, name)).toBe(true)
    expect((await one.virsh(['list', '--all', '--name'])).trim()).toBe('')
    expect(job).toMatchObject({ driver: options.driver, progress: 1, eta: null })
    expect(job.state).toMatchObject({ result: { downtimeMs: expect.any(Number), guestGapMs: expect.any(Number), bytes: expect.any(Number) } })
  })
})

test('hybrid: pre-copy that does not end by itself is switched by the forecast', async () => {
  const guest = await guestOn(one, { name: 'move-hybrid', memoryMiB: 160, patternMiB: 80, rate: 'max' })
  await two.shapeLink({ rate: '200mbit' })
  try {
    const job = await moved('move-hybrid', 'one', 'two', { technique: 'hybrid', driver: 'app', downtimeMs: 10 })
    expect(await rig.log(job.id)).toContain('The point of no return is crossed.')
    expect(await guest.verify(two)).toMatchObject({ bad: 0 })
  } finally {
    await two.shapeLink({})
  }
})

test('a transient VM stays transient, and one that is to be kept stays defined', async () => {
  await guestOn(one, { name: 'move-transient' }, { isTransient: true })
  await moved('move-transient', 'one', 'two', { driver: 'app' })
  expect(await isPersistent(two, 'move-transient')).toBe(false)
  await guestOn(one, { name: 'move-kept' })
  await moved('move-kept', 'one', 'two', { driver: 'app', keepSource: true })
  expect((await one.virsh(['domstate', 'move-kept'])).trim()).toBe('shut off')
  expect((await two.virsh(['domstate', 'move-kept'])).trim()).toBe('running')
})

test('a VM that starts with its host does so at the new one too', async () => {
  await guestOn(one, { name: 'early' }, { isOff: true })
  await one.virsh(['autostart', 'early'])
  await moved('early', 'one', 'two', { technique: 'offline' })
  expect(await two.virsh(['dominfo', 'early'])).toMatch(/Autostart:\s+enable/)
})

test('a VM that is off moves by its definition, and back', async () => {
  await guestOn(one, { name: 'move-off' }, { isOff: true })
  await moved('move-off', 'one', 'two', { technique: 'offline' })
  expect((await two.virsh(['domstate', 'move-off'])).trim()).toBe('shut off')
  expect((await one.virsh(['list', '--all', '--name'])).trim()).toBe('')
  await moved('move-off', 'two', 'one', { technique: 'offline', driver: 'agent' })
  expect((await one.virsh(['domstate', 'move-off'])).trim()).toBe('shut off')
})

const disk = (file: string) => ({ path: `/var/lib/libvirt/images/${file}`, format: 'qcow2' as const, cache: 'none' as const })

test('disks of a running VM are copied in full', async () => {
  const guest = await guestOn(one, { name: 'move-full', disks: [disk('full.qcow2')] }, { disksMiB: 24 })
  await one.run(['qemu-img', 'info', '-U', '/var/lib/libvirt/images/full.qcow2'])
  const job = await moved('move-full', 'one', 'two', { storage: 'full', driver: 'app' })
  expect(await guest.verify(two)).toMatchObject({ bad: 0 })
  expect(await two.run(['qemu-img', 'info', '-U', '/var/lib/libvirt/images/full.qcow2'])).toContain('24 MiB')
  // The source's image is left where it was.
  await one.run(['test', '-e', '/var/lib/libvirt/images/full.qcow2'])
  expect(job.state).toMatchObject({ state: 'succeeded' })
})

test('disks of a running VM that share their base are copied by what differs', async () => {
  for (const host of [one, two]) await host.run(['qemu-img', 'create', '-q', '-f', 'qcow2', '/var/lib/libvirt/images/base.qcow2', '24M'])
  await one.run(['qemu-img', 'create', '-q', '-f', 'qcow2', '-b', '/var/lib/libvirt/images/base.qcow2', '-F', 'qcow2', '/var/lib/libvirt/images/over.qcow2'])
  await guestOn(one, { name: 'move-incremental', disks: [disk('over.qcow2')] })
  await moved('move-incremental', 'one', 'two', { storage: 'incremental', driver: 'app' })
  expect(await two.run(['qemu-img', 'info', '-U', '/var/lib/libvirt/images/over.qcow2'])).toContain('backing file: /var/lib/libvirt/images/base.qcow2')
})

test('disks of a VM that is off are copied byte by byte, with progress', async () => {
  await guestOn(one, { name: 'move-off-disks', disks: [disk('off.qcow2')] }, { isOff: true, disksMiB: 24 })
  await one.run(['sh', '-c', 'qemu-io -f qcow2 -c "write -P 0x5a 0 8M" /var/lib/libvirt/images/off.qcow2'])
  const sum = async (host: LabHost) => (await host.run(['sha256sum', '/var/lib/libvirt/images/off.qcow2'])).split(' ')[0]
  const before = await sum(one)
  const job = await moved('move-off-disks', 'one', 'two', { technique: 'offline', storage: 'full' })
  expect(await sum(two)).toBe(before)
  expect(await sum(one)).toBe(before)
  expect(job.state).toMatchObject({ result: { bytes: expect.any(Number) } })
})

test('an image that both hosts share is never copied onto itself', async () => {
  const guest = await guestOn(one, { name: 'move-shared', disks: [{ path: onShared('shared.qcow2'), format: 'qcow2', cache: 'none' }] }, { disksMiB: 8 })
  const plan = await rig.plan(uuidOf('move-shared'), 'one', 'two', { storage: 'full', driver: 'app' })
  const job = await rig.ended(await rig.start(plan))
  expect(job.state).toMatchObject({ state: 'failed', problem: { code: 'disk-shared' } })
  expect(await guest.isRunning(one)).toBe(true)
})

test('a medium that only the source has is left behind when the plan says so, or taken out first', async () => {
  await one.run(['sh', '-c', 'head -c 65536 /dev/zero > /var/lib/libvirt/images/only-here.iso'])
  const guest = await guestOn(one, { name: 'move-medium', cdrom: '/var/lib/libvirt/images/only-here.iso' })
  const plan = await rig.plan(uuidOf('move-medium'), 'one', 'two', { driver: 'app' })
  const look = async () => (await rig.migration.preflight([plan], AbortSignal.timeout(30_000)))[0]!
  expect((await look()).findings).toContainEqual(expect.objectContaining({ severity: 'error', fix: expect.anything() }))
  await moved('move-medium', 'one', 'two', { driver: 'app', eject: ['sda'] })
  for (const flags of [[], ['--inactive']]) expect(await two.virsh(['dumpxml', ...flags, 'move-medium'])).not.toContain('only-here.iso')
  expect(await guest.isRunning(two)).toBe(true)

  const other = await guestOn(one, { name: 'move-ejected', cdrom: '/var/lib/libvirt/images/only-here.iso' })
  const second = await rig.plan(uuidOf('move-ejected'), 'one', 'two', { driver: 'app' })
  await rig.migration.fix(second, { kind: 'action', label: '', action: 'eject-media', argument: 'sda' }, AbortSignal.timeout(30_000))
  for (const flags of [[], ['--inactive']]) expect(await one.virsh(['dumpxml', ...flags, 'move-ejected'])).not.toContain('only-here.iso')
  await moved('move-ejected', 'one', 'two', { driver: 'app' })
  expect(await other.isRunning(two)).toBe(true)
})

test('a second move of the same VM is refused while the first goes on', async () => {
  await guestOn(one, { name: 'move-twice', rate: 2 })
  const plan = await rig.plan(uuidOf('move-twice'), 'one', 'two', { driver: 'app' })
  const first = await rig.start(plan)
  await expect(rig.start(plan)).rejects.toMatchObject({ code: 'move-running' })
  expect((await rig.migration.preflight([plan], AbortSignal.timeout(30_000)))[0]).toMatchObject({ verdict: 'blocked', findings: [{ code: 'move-running' }] })
  expect((await rig.ended(first)).state).toMatchObject({ state: 'succeeded' })
})

test('a plan that cannot work is refused before anything happens, with a way out', async () => {
  const guest = await guestOn(one, { name: 'move-refused' })
  const plan = await rig.plan(uuidOf('move-refused'), 'one', 'two', { technique: 'offline' })
  const [preflight] = await rig.migration.preflight([plan], AbortSignal.timeout(30_000))
  expect(preflight).toMatchObject({ verdict: 'blocked', findings: [{ code: 'vm-running', fix: { kind: 'option', options: { technique: 'precopy' } } }] })
  const job = await rig.ended(await rig.start(plan))
  expect(job.state).toMatchObject({ state: 'failed', problem: { code: 'vm-running' }, whereabouts: { source: 'running', destination: 'absent' } })
  expect(await guest.isRunning(one)).toBe(true)
})

test('preflight measures, finds the way, and says how virsh would put it', async () => {
  await guestOn(one, { name: 'move-preflight', memoryMiB: 160, patternMiB: 64, rate: 8 })
  const plan = await rig.plan(uuidOf('move-preflight'), 'one', 'two', { driver: 'app' })
  const [preflight] = await rig.migration.preflight([plan], AbortSignal.timeout(30_000))
  expect(preflight).toMatchObject({
    route: { address: two.address, probe: 'refused', via: expect.any(String) },
    forecast: { dirtyRate: expect.any(Number), basis: expect.stringContaining('measured for a second') },
    virsh: expect.stringContaining(`tcp://${two.address}`),
  })
  expect(preflight!.findings.filter(({ severity }) => severity === 'error')).toEqual([])
  // The guest dirties 8 MiB a second.
  expect(preflight!.forecast!.dirtyRate).toBeGreaterThan(2 * 1024 * 1024)
  expect(preflight!.forecast!.converges).not.toBe('no')
})
