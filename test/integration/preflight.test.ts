import { linkSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Finding, MoveOptions } from '../../src-main/contract/migration.ts'
import { LabGuest } from '../lab/guest.ts'
import { onShared, type GuestSpec } from '../lab/guest-xml.ts'
import { Lab } from '../lab/lab.ts'
import { MoveRig } from './move-rig.ts'

// Every finding against two real hosts: VMs that are paused cost no CPU and are as immovable as running ones.

let lab: Lab
let rig: MoveRig
const a = () => lab.host(0)
const b = () => lab.host(1)
const images = '/var/lib/libvirt/images'

beforeAll(async () => {
  lab = await Lab.up({ hosts: [{}, {}] })
  rig = await MoveRig.open({ sshConfig: lab.ssh.configFile, hosts: lab.hosts.map(({ name, sshAddress }) => ({ name, address: sshAddress })) })
}, 180_000)

afterAll(async () => {
  await rig?.remove()
  await lab?.down()
})

/** Defines a VM on the first host, or starts it paused. */
async function vm(spec: GuestSpec, state: 'paused' | 'off'): Promise<LabGuest> {
  const guest = new LabGuest(lab, spec)
  await guest.createDisks(a(), 4)
  await guest.define(a())
  if (state === 'paused') await a().virsh(['start', '--paused', spec.name])
  return guest
}

async function preflight(guest: LabGuest, options: Partial<MoveOptions> = {}) {
  const uuid = (await a().virsh(['domuuid', guest.name])).trim()
  const plan = await rig.plan(uuid, a().name, b().name, options)
  const [answer] = await rig.migration.preflight([plan], AbortSignal.timeout(60_000))
  return answer!
}

const codes = (findings: readonly Finding[], severity: Finding['severity']) => findings.filter((each) => each.severity === severity).map(({ code }) => code)

test('a plain VM fits, and the answer says which way, how long, by whom and how virsh would put it', async () => {
  const guest = await vm({ name: 'plain', nic: 'bridge' }, 'paused')
  const answer = await preflight(guest)
  expect(codes(answer.findings, 'error')).toEqual([])
  expect(answer.verdict).not.toBe('blocked')
  expect(answer.route).toMatchObject({ address: b().address, probe: expect.stringMatching(/refused|reachable/) })
  expect(answer.forecast?.seconds[1]).toBeGreaterThan(0)
  expect(answer.virsh).toContain('virsh')
  expect(answer.risk).toContain(a().name)
})

test.each<[what: string, spec: Omit<GuestSpec, 'name'>, state: 'paused' | 'off', code: string, severity: Finding['severity']]>([
  ['a disk that only the source has', { disks: [{ path: `${images}/only-here.qcow2`, format: 'qcow2' }] }, 'paused', 'disk-missing', 'error'],
  ['a shared disk that libvirt does not know as shared', { disks: [{ path: `${images}/both.qcow2`, format: 'qcow2' }] }, 'paused', 'disk-unsafe', 'error'],
  ['a medium that is not there', { cdrom: `${images}/install.iso` }, 'paused', 'medium-missing', 'error'],
  ['user-mode network', { extraDevicesXml: "<interface type='user'><model type='virtio'/></interface>" }, 'paused', 'nic-user', 'warning'],
  ['a network that the destination lacks', { extraDevicesXml: "<interface type='network'><source network='nowhere'/><model type='virtio'/></interface>" }, 'off', 'network-missing', 'error'],
  ['a bridge that the destination lacks', { extraDevicesXml: "<interface type='bridge'><source bridge='br-none'/><model type='virtio'/></interface>" }, 'off', 'bridge-missing', 'error'],
  ['memory shared with other VMs', { extraDevicesXml: "<shmem name='ring'><model type='ivshmem-plain'/><size unit='M'>4</size></shmem>" }, 'paused', 'shared-memory', 'error'],
  ['a folder of the host', { extraDevicesXml: "<filesystem type='mount'><source dir='/srv'/><target dir='srv'/></filesystem>" }, 'paused', 'filesystem', 'error'],
  ['firmware that is not there', { extraXml: '' }, 'off', 'firmware-missing', 'error'],
  ['a CPU that nobody has', {}, 'off', 'cpu-incompatible', 'warning'],
])('%s is found', async (what, spec, state, code, severity) => {
  const name = code
  if (code === 'medium-missing') writeFileSync(a().onMachine(`${images}/install.iso`), Buffer.alloc(65_536))
  const guest = await define(name, spec, state, code)
  // One file under two names: what a bind mount or an unusual cluster file system looks like.
  if (code === 'disk-unsafe') linkSync(a().onMachine(`${images}/both.qcow2`), b().onMachine(`${images}/both.qcow2`))
  const { findings } = await preflight(guest, state === 'off' ? { technique: 'offline' } : {})
  const found = findings.find((each) => each.code === code)
  expect(found, `${what}: ${JSON.stringify(findings)}`).toMatchObject({ severity, message: expect.stringMatching(/\.$/) })
})

/** Some VMs need a definition that the lab's own guests never have. */
async function define(name: string, spec: Omit<GuestSpec, 'name'>, state: 'paused' | 'off', code: string): Promise<LabGuest> {
  if (code !== 'firmware-missing' && code !== 'cpu-incompatible') return vm({ name, ...spec }, state)
  const guest = new LabGuest(lab, { name, ...spec })
  const xml =
    code === 'firmware-missing'
      ? guest.xml.replace(/<initrd>.*?<\/initrd>/, '<initrd>/boot/initrd-of-nobody</initrd>')
      : guest.xml.replace(/<cpu [\s\S]*?<\/cpu>/, "<cpu mode='custom' match='exact' check='none'><model fallback='forbid'>EPYC-Milan</model></cpu>")
  await a().virshXml(['define', '@'], xml)
  return guest
}

test('a disk on shared storage is no finding', async () => {
  const guest = await vm({ name: 'on-nfs', disks: [{ path: onShared('on-nfs.qcow2'), format: 'qcow2' }] }, 'paused')
  expect((await preflight(guest)).findings.filter(({ subject }) => subject === 'disk vda')).toEqual([])
})

test('a display that listens on an address of the source', async () => {
  const guest = await vm({ name: 'display', vnc: { listen: a().address } }, 'paused')
  expect(codes((await preflight(guest)).findings, 'error')).toContain('graphics-address')
})

test('the fixes settle what they promise: copying a disk, vouching for a shared one, ejecting a medium', async () => {
  const [local, shared, medium] = ['disk-missing', 'disk-unsafe', 'medium-missing'].map((name) => new LabGuest(lab, { name }))
  const copied = await preflight(local!, { storage: 'full' })
  expect(codes(copied.findings, 'error')).not.toContain('disk-missing')
  const vouched = await preflight(shared!, { unsafe: true })
  expect(codes(vouched.findings, 'error')).toEqual([])
  expect(codes(vouched.findings, 'warning')).toContain('disk-trusted')
  const before = await preflight(medium!)
  const fix = before.findings.find(({ code }) => code === 'medium-missing')?.fix
  await rig.migration.fix(before.plan, fix!, AbortSignal.timeout(30_000))
  expect(codes((await preflight(medium!)).findings, 'error')).not.toContain('medium-missing')
  expect(await a().virsh(['domblklist', 'medium-missing'])).not.toContain('install.iso')
})

test('another file at the path of a disk is never taken for the disk', async () => {
  const path = `${images}/two-of-them.qcow2`
  const guest = await vm({ name: 'two-files', disks: [{ path, format: 'qcow2' }] }, 'paused')
  writeFileSync(b().onMachine(path), 'the disk of somebody else')
  expect(codes((await preflight(guest)).findings, 'error')).toContain('disk-local')
})

test('a name, and a UUID, that the destination has already', async () => {
  const guest = await vm({ name: 'namesake' }, 'off')
  await b().virshXml(['define', '@'], new LabGuest(lab, { name: 'namesake', uuid: '00000000-0000-4000-8000-00000000beef' }).xml)
  expect(codes((await preflight(guest, { technique: 'offline' })).findings, 'error')).toContain('name-taken')
  const twin = await vm({ name: 'twin' }, 'off')
  await b().virshXml(['define', '@'], twin.xml)
  expect(codes((await preflight(twin, { technique: 'offline' })).findings, 'note')).toContain('definition-there')
})

test('snapshots and a saved state keep a VM where it is', async () => {
  const snapped = await vm({ name: 'snapped', disks: [{ path: onShared('snapped.qcow2'), format: 'qcow2' }] }, 'off')
  await a().virsh(['snapshot-create-as', 'snapped', 'before'])
  expect(codes((await preflight(snapped, { technique: 'offline' })).findings, 'error')).toContain('snapshots')
  const saved = await vm({ name: 'saved' }, 'paused')
  await a().virsh(['managedsave', 'saved'])
  expect(codes((await preflight(saved, { technique: 'offline' })).findings, 'error')).toContain('managed-save')
})

test('an address that does not answer, and a name that nobody knows', async () => {
  const guest = new LabGuest(lab, { name: 'plain' })
  expect(codes((await preflight(guest, { migrationAddress: '10.255.255.1' })).findings, 'error')).toContain('route-filtered')
  const unknown = await preflight(guest, { migrationAddress: 'nobody.invalid' })
  expect(codes(unknown.findings, 'error')).toContain('route-unresolved')
  expect(unknown.findings.find(({ code }) => code === 'route-unresolved')?.next).toBeTruthy()
})

test('a host that allows encrypted migrations only says so, with the fix', async () => {
  await b().run(['sh', '-c', 'echo "migrate_tls_force = 1" >> /etc/libvirt/qemu.conf'])
  const { findings } = await preflight(new LabGuest(lab, { name: 'plain' }))
  expect(findings.find(({ code }) => code === 'tls-forced')).toMatchObject({ severity: 'error', fix: { kind: 'option', options: { tls: true } } })
  await b().run(['sed', '-i', '/migrate_tls_force/d', '/etc/libvirt/qemu.conf'])
})
