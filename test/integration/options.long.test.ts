import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { Job } from '../../src-main/contract/job.ts'
import type { MoveOptions } from '../../src-main/contract/migration.ts'
import { run } from '../lab/command.ts'
import { LabGuest } from '../lab/guest.ts'
import { uuidOf, type GuestSpec } from '../lab/guest-xml.ts'
import type { LabHost } from '../lab/host.ts'
import { Lab } from '../lab/lab.ts'
import { isIn, MoveRig } from './move-rig.ts'

// The plain options of a move, each on real hosts: what QEMU says of itself afterwards, or what the network shows, tells that the option was in force.

let lab: Lab
let rig: MoveRig
let keys: string
const [one, two, fresh, other] = [0, 1, 2, 3].map((index) => () => lab.host(index)) as [() => LabHost, () => LabHost, () => LabHost, () => LabHost]
const guests: LabGuest[] = []

beforeAll(async () => {
  keys = mkdtempSync(join(tmpdir(), 'drover-tls-'))
  lab = await Lab.up({ hosts: [{ hasNode: true }, { hasNode: true }, { generation: 13, hasNode: true }, { generation: 13, hasNode: true }] })
  rig = await MoveRig.open({ sshConfig: lab.ssh.configFile, hosts: lab.hosts.map(({ name, sshAddress }) => ({ name, address: sshAddress })) })
  await rig.bringAgents()
}, 300_000)
afterEach(async () => {
  await Promise.all(lab.hosts.map((host) => host.shapeLink({})))
  for (const guest of guests.splice(0)) await guest.remove(...lab.hosts)
})
afterAll(async () => {
  await rig?.remove()
  await lab?.down()
  rmSync(keys, { recursive: true, force: true })
})

async function guestOn(host: LabHost, spec: GuestSpec): Promise<LabGuest> {
  const guest = new LabGuest(lab, spec)
  guests.push(guest)
  await guest.start(host)
  return guest
}

async function succeeded(id: string): Promise<Job> {
  const job = await rig.ended(id)
  expect(job.state, `${JSON.stringify(job.state)}\n${await rig.log(id)}`).toMatchObject({ state: 'succeeded' })
  return job
}

async function begin(guest: LabGuest, from: LabHost, to: LabHost, options: Partial<MoveOptions>): Promise<string> {
  return rig.start(await rig.plan(uuidOf(guest.name), from.name, to.name, options))
}

/** The figures of the last move, which libvirt hands over to the destination. */
const completed = (host: LabHost, name: string) => host.virsh(['domjobinfo', name, '--completed'])

test('auto-converge slows a guest that pre-copy cannot catch up with, and says by how much', async () => {
  const guest = await guestOn(one(), { name: 'option-converge', memoryMiB: 160, patternMiB: 48, rate: 'max' })
  await two().shapeLink({ rate: '100mbit' })
  const id = await begin(guest, one(), two(), { autoConverge: true, downtimeMs: 50 })
  const seen = await throttled(id)
  expect(seen).toBeGreaterThan(0)
  // How far it has to slow the guest down depends on the machine: with room for the rest the move ends at any speed.
  await two().shapeLink({})
  await rig.migration.setLimits(id, { downtimeMs: 2000, bandwidthMiBps: 1000 })
  await succeeded(id)
  expect(await guest.verify(two())).toMatchObject({ bad: 0, badEver: 0 })
})

/** The first throttle above zero that the job shows; per cent. */
async function throttled(id: string): Promise<number> {
  for await (const frame of rig.jobs.watch(id, 'throttle')) {
    rig.jobs.ack('throttle', frame.seq)
    const seen = Math.max(0, ...frame.samples.throttle.filter((value) => value !== null))
    if (seen > 0) return seen
    if (frame.job.endedAt !== null) return 0
  }
  return 0
}

test('xbzrle sends what changed in a page that went over before', async () => {
  const guest = await guestOn(one(), { name: 'option-xbzrle', rate: 4, hotMiB: 4 })
  await succeeded(await begin(guest, one(), two(), { compression: 'xbzrle', bandwidthMiBps: 20, downtimeMs: 50 }))
  expect(await completed(two(), guest.name)).toMatch(/Compression cache:\s+[1-9]/)
  expect(await guest.verify(two())).toMatchObject({ bad: 0, badEver: 0 })
})

test.each(['zstd', 'zlib', 'none'] as const)('parallel connections, compression %s: memory crosses by several connections at once', async (compression) => {
  const guest = await guestOn(fresh(), { name: `option-multifd-${compression}`, patternMiB: 32 })
  const id = await begin(guest, fresh(), other(), { parallelConnections: 3, compression, bandwidthMiBps: 8 })
  await rig.until(id, isIn('memory'), 'memory on its way')
  const connections = async () => (await fresh().run(['ss', '-Htn', 'state', 'established', 'dst', other().address, 'dport', '>=', ':49152'])).trim().split('\n').length
  await expect.poll(connections, { timeout: 20_000, interval: 20 }).toBeGreaterThanOrEqual(4)
  await rig.migration.setLimits(id, { bandwidthMiBps: 500 })
  await succeeded(id)
  expect(await guest.verify(other())).toMatchObject({ bad: 0, badEver: 0 })
})

test('limits change a move in flight: one that crawls ends once it may run', async () => {
  const guest = await guestOn(one(), { name: 'option-limits', patternMiB: 32 })
  const id = await begin(guest, one(), two(), { bandwidthMiBps: 1 })
  const job = await rig.until(id, isIn('memory'), 'memory on its way')
  expect(job.endedAt).toBeNull()
  await rig.migration.setLimits(id, { bandwidthMiBps: 1000, downtimeMs: 400 })
  const done = await succeeded(id)
  // At 1 MiB/s the pattern alone would have taken longer.
  expect(done.state.state === 'succeeded' && done.state.result.totalMs).toBeLessThan(32_000)
  expect(await guest.verify(two())).toMatchObject({ bad: 0, badEver: 0 })
})

test('agents that a firewall keeps apart: this computer drives and says what that costs; where an agent was asked for, the plan is blocked and offers it', async () => {
  const guest = await guestOn(one(), { name: 'option-firewall' })
  const rule = ['ipproto', 'tcp', 'dport', '49216-49279', 'type', 'unreachable']
  await one().run(['ip', 'rule', 'add', ...rule])
  try {
    const look = async (driver: 'auto' | 'agent') => (await rig.migration.preflight([await rig.plan(uuidOf(guest.name), one().name, two().name, { driver })], AbortSignal.timeout(30_000)))[0]!
    expect(await look('agent')).toMatchObject({ verdict: 'blocked', findings: expect.arrayContaining([expect.objectContaining({ code: 'agent-filtered', fix: expect.objectContaining({ options: { driver: 'app' } }) as unknown })]) as unknown })
    expect(await look('auto')).toMatchObject({ verdict: 'warns', driver: 'app', risk: expect.stringContaining('This computer drives') as unknown, findings: expect.arrayContaining([expect.objectContaining({ code: 'no-agent' })]) as unknown })
    const job = await succeeded(await begin(guest, one(), two(), {}))
    expect(job.driver).toBe('app')
    expect(await guest.verify(two())).toMatchObject({ bad: 0, badEver: 0 })
  } finally {
    await one().run(['ip', 'rule', 'del', ...rule])
  }
})

test('TLS of QEMU: without a certificate the plan is warned and nothing is lost; with one from a stranger it is refused; with one that is trusted it moves', async () => {
  const guest = await guestOn(one(), { name: 'option-tls' })
  const plan = await rig.plan(uuidOf(guest.name), one().name, two().name, { tls: true })
  const codes = async () => (await rig.migration.preflight([plan], AbortSignal.timeout(30_000)))[0]!.findings.map(({ code }) => code)
  expect(await codes()).toContain('tls-certificate')
  expect((await rig.ended(await rig.start(plan))).state).toMatchObject({ state: 'failed', whereabouts: { source: 'running', destination: 'absent' } })

  const [trusted, stranger] = [await authority('trusted'), await authority('stranger')]
  await certify(one(), trusted, trusted)
  await certify(two(), stranger, stranger)
  expect((await rig.ended(await rig.start(plan))).state).toMatchObject({ state: 'failed', whereabouts: { source: 'running', destination: 'absent' } })
  expect(await guest.isRunning(one())).toBe(true)

  await certify(two(), trusted, trusted)
  expect(await codes()).not.toContain('tls-certificate')
  await succeeded(await rig.start(plan))
  expect(await guest.verify(two())).toMatchObject({ bad: 0, badEver: 0 })
})

interface Authority {
  readonly certificate: string
  readonly key: string
}

async function authority(name: string): Promise<Authority> {
  const made = { certificate: join(keys, `${name}.pem`), key: join(keys, `${name}-key.pem`) }
  await run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', `/CN=${name}`, '-keyout', made.key, '-out', made.certificate])
  return made
}

/** Gives the host certificates as server and client, and has its libvirtd read where they are. */
async function certify(host: LabHost, signer: Authority, trusted: Authority): Promise<void> {
  const folder = '/etc/libvirt/migration-tls'
  mkdirSync(host.onMachine(folder), { recursive: true })
  const put = (file: string, argv: string[]) => run([...argv, '-out', join(host.onMachine(folder), file)])
  await put('ca-cert.pem', ['openssl', 'x509', '-in', trusted.certificate])
  for (const role of ['server', 'client']) {
    const request = join(keys, `${host.name}-${role}.csr`)
    const extensions = join(keys, `${host.name}-${role}.ext`)
    writeFileSync(extensions, `subjectAltName=DNS:${host.name},IP:${host.address}\nkeyUsage=digitalSignature,keyEncipherment\nextendedKeyUsage=${role}Auth\n`)
    const key = join(host.onMachine(folder), `${role}-key.pem`)
    await run(['openssl', 'req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-subj', `/CN=${host.name}`, '-keyout', key, '-out', request])
    await put(`${role}-cert.pem`, ['openssl', 'x509', '-req', '-in', request, '-CA', signer.certificate, '-CAkey', signer.key, '-CAcreateserial', '-days', '2', '-extfile', extensions])
  }
  appendFileSync(host.onMachine('/etc/libvirt/qemu.conf'), `\nmigrate_tls_x509_cert_dir = "${folder}"\n`)
  await host.restartLibvirtd()
  await rig.hosts.whenOnline(rig.idOf(host.name), AbortSignal.timeout(30_000))
}
