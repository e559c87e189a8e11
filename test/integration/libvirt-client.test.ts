import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { ConnectionState } from '../../src-main/libvirt/client/connection.ts'
import { isUnsupported } from '../../src-main/libvirt/client/libvirt-error.ts'
import { domainStatsOf } from '../../src-main/libvirt/client/domain-stats.ts'
import { switchToPostcopy } from '../../src-main/libvirt/drive/postcopy.ts'
import { LabGuest } from '../lab/guest.ts'
import { uuidOf, type GuestSpec } from '../lab/guest-xml.ts'
import { imagesFolder } from '../lab/places.ts'
import { Lab } from '../lab/lab.ts'
import type { LabHost } from '../lab/host.ts'
import { LibvirtRig } from './libvirt-rig.ts'

let lab: Lab
let rig: LibvirtRig
const guests: LabGuest[] = []

beforeAll(async () => {
  lab = await Lab.up({ hosts: [{ generation: 12 }, { generation: 12 }, { generation: 13 }] })
  rig = new LibvirtRig()
})
afterEach(async () => {
  rig.close()
  await Promise.all(guests.splice(0).map((guest) => guest.remove(...lab.hosts)))
})
afterAll(() => lab?.down())

function guestOf(spec: GuestSpec): LabGuest {
  const guest = new LabGuest(lab, spec)
  guests.push(guest)
  return guest
}

async function started(host: LabHost, spec: GuestSpec): Promise<LabGuest> {
  const guest = guestOf(spec)
  await guest.start(host)
  return guest
}

describe.each([
  ['libvirt 9.0', 0, 9_000_000],
  ['libvirt 11.3', 2, 11_003_000],
])('the client and %s', (_, index, version) => {
  const host = (): LabHost => lab.host(index)

  it('understand each other on everything that is only asked', async () => {
    const connection = await rig.open(host())
    expect(await connection.call('connectGetLibVersion')).toEqual({ libVer: version })
    expect(await connection.call('connectGetHostname')).toEqual({ hostname: host().name })
    expect((await connection.call('connectGetCapabilities')).capabilities).toContain('<capabilities>')
    const any = { emulatorbin: null, arch: null, machine: null, virttype: 'qemu', flags: 0 }
    expect((await connection.call('connectGetDomainCapabilities', any)).capabilities).toContain('<domainCapabilities>')
    expect(await connection.call('nodeGetInfo')).toMatchObject({ model: expect.stringMatching(/^\w+$/), cpus: expect.any(Number) })
    const { nparams } = await connection.call('nodeGetCpuStats', { cpuNum: -1, nparams: 0, flags: 0 })
    expect((await connection.call('nodeGetCpuStats', { cpuNum: -1, nparams, flags: 0 })).params.map(({ field }) => field)).toContain('idle')
    expect((await connection.call('nodeGetMemoryStats', { nparams: 4, cellNum: -1, flags: 0 })).params.map(({ field }) => field)).toContain(
      'free',
    )
    expect((await connection.call('nodeGetFreePages', { pages: [4], startCell: 0, cellCount: 1, flags: 0 })).counts[0]).toBeGreaterThan(0)
    expect((await connection.call('nodeGetFreeMemory')).freeMem).toBeGreaterThan(0)
    expect(await connection.call('nodeGetSecurityModel')).toHaveProperty('model')
    expect((await connection.call('connectGetCpuModelNames', { arch: 'x86_64', needResults: 1, flags: 0 })).models).toContain('qemu64')
    // The lab's new generation lacks some drivers, which is an answer that must be understood as well.
    for (const name of [
      'connectListAllNodeDevices',
      'connectListAllNetworks',
      'connectListAllSecrets',
      'connectListAllStoragePools',
    ] as const) {
      const answer = await connection.call(name, { needResults: 1, flags: 0 }).catch((thrown: unknown) => thrown)
      expect(isUnsupported(answer) || typeof (answer as { ret: number }).ret === 'number').toBe(true)
    }
    expect(await connection.supports('migrationParams')).toBe(true)
    expect(await connection.supports('programKeepalive')).toBe(true)
    await expect(connection.call('domainLookupByName', { name: 'nobody' })).rejects.toMatchObject({
      errorName: 'VIR_ERR_NO_DOMAIN',
      domainName: 'VIR_FROM_QEMU',
    })
  })

  it('follow a domain through its life, its console and its screen', async () => {
    const connection = await rig.open(host())
    const told: string[] = []
    connection.events.onDidChangeLifecycle(({ dom, lifecycle }) => told.push(`${dom.name} ${lifecycle.event} ${lifecycle.detail}`))
    await connection.events.settled()
    const guest = await started(host(), { name: `life-${index}`, vnc: {} })
    const { dom } = await connection.call('domainLookupByUuid', { uuid: uuidOf(guest.name) })
    await connection.call('domainSuspend', { dom })
    await connection.call('domainResume', { dom })
    const named = (...what: string[]): string[] => what.map((each) => `${guest.name} ${each}`)
    // libvirt tells the start by two events, in an order of its own.
    expect(told.slice(0, 3)).toEqual(expect.arrayContaining(named('defined added', 'started booted', 'resumed unpaused')))
    expect(told.slice(3)).toEqual(named('suspended paused', 'resumed unpaused'))

    const { retStats } = await connection.call('connectGetAllDomainStats', { doms: [], stats: 0, flags: 0 })
    const stats = retStats.map(domainStatsOf).find((each) => each.dom.uuid === dom.uuid)
    expect(stats).toMatchObject({ state: { state: 'running', reason: 'unpaused' }, vcpuCount: 1, balloon: { maximumKib: 96 * 1024 } })
    expect(stats?.cpu.timeNs).toBeGreaterThan(0)

    const { stream } = await connection.openStream('domainOpenConsole', { dom, devName: null, flags: 0 })
    stream.write('verify\n')
    let said = ''
    for await (const piece of stream) if ((said += String(piece)).includes('VERIFIED ')) break
    expect(stream.destroyed).toBe(true)
    const screen = await connection.openStream('domainScreenshot', { dom, screen: 0, flags: 0 })
    expect(screen.result.mime).toMatch(/^image\//)
    expect((await buffer(screen.stream)).length).toBeGreaterThan(100)

    await connection.call('domainDestroyFlags', { dom, flags: 0 })
    expect(told.at(-1)).toBe(`${guest.name} stopped destroyed`)
    await connection.call('connectGetHostname')
    expect(connection.load).toEqual({ queued: 0, inFlight: [], streams: 0 })
  })

  it('carry volumes both ways', async () => {
    const connection = await rig.open(host())
    const { pool } = await connection.call('storagePoolLookupByName', { name: 'images' })
    const xml = "<volume><name>volume.raw</name><capacity unit='MiB'>5</capacity><target><format type='raw'/></target></volume>"
    const { vol } = await connection.call('storageVolCreateXml', { pool, xml, flags: 0 })
    const bytes = randomBytes(5 * 1024 * 1024)
    const span = { vol, offset: 0, length: 0, flags: 0 }
    await pipeline(
      Readable.from([bytes.subarray(0, 3_000_001), bytes.subarray(3_000_001)]),
      (await connection.openStream('storageVolUpload', span)).stream,
    )
    expect((await buffer((await connection.openStream('storageVolDownload', span)).stream)).equals(bytes)).toBe(true)
    const given = await connection.openStream('storageVolDownload', span)
    given.stream.destroy()
    await once(given.stream, 'close')
    await connection.call('storagePoolListAllVolumes', { pool, needResults: 1, flags: 0 })
    await host().virsh(['vol-delete', 'volume.raw', '--pool', 'images'])
  })

  it('keep to what a read-only user may do', async () => {
    const connection = await rig.open(host(), { readOnly: true })
    expect((await connection.call('connectListAllDomains', { needResults: 1, flags: 0 })).domains).toEqual([])
    await expect(connection.call('domainDefineXmlFlags', { xml: '<domain/>', flags: 0 })).rejects.toMatchObject({
      errorName: 'VIR_ERR_OPERATION_DENIED',
    })
    connection.events.onMonitorEvent('MIGRATION')(() => {})
    await expect(connection.events.settled()).rejects.toMatchObject({ code: 'libvirt' })
  })

  it('notice when the other one has died', async () => {
    const connection = await rig.open(host(), { keepalive: { intervalMs: 100, count: 3 } })
    const ended = new Promise<ConnectionState>((resolve) => connection.onDidClose(resolve))
    const daemons = host()
      .pids()
      .filter(({ name }) => name === 'libvirtd')
    for (const { pid } of daemons) process.kill(pid, 'SIGSTOP')
    try {
      const pending = connection.call('connectGetHostname').catch((thrown: unknown) => thrown)
      expect(await ended).toMatchObject({ kind: 'lost', reason: { code: 'connection-lost' } })
      expect(await pending).toMatchObject({ code: 'connection-lost' })
    } finally {
      for (const { pid } of daemons) process.kill(pid, 'SIGCONT')
    }
    const killed = await rig.open(host())
    const lost = new Promise<ConnectionState>((resolve) => killed.onDidClose(resolve))
    await host().killLibvirtd()
    expect(await lost).toMatchObject({ kind: 'lost' })
    await host().restartLibvirtd()
  })
})

describe('a move that is driven from here', () => {
  const slow = { bandwidthMiBps: 10, postcopyBandwidthMiBps: 10 }

  it('goes over by pre-copy and comes back by post-copy with every byte', async () => {
    const [one, two] = [lab.host(0), lab.host(1)]
    const guest = await started(one, { name: 'there-and-back', rate: 2 })
    const over = await rig.move(guest, one, two)
    expect(await over.outcome).toMatchObject({ outcome: 'moved', leftBehind: null })
    expect(over.trail).toEqual(['begin', 'prepare', 'perform', 'finish', 'confirm'].map((step) => `${step} answered`))
    expect(await guest.verify(two)).toMatchObject({ bad: 0, badEver: 0 })

    const back = await rig.move(guest, two, one, { ...slow, flags: { postcopy: true } })
    await back.sent('perform')
    await switchToPostcopy(back.plan.domain, { source: back.on.control, destination: back.on.far, waits: true })
    expect(await back.outcome).toMatchObject({ outcome: 'moved', leftBehind: null })
    expect(await guest.verify(one)).toMatchObject({ bad: 0, badEver: 0 })
    expect(await rig.verdict(guest, two, one)).toBe('at-destination')
  })

  it("tells of its iterations, its end and QEMU's own states", async () => {
    const guest = await started(lab.host(0), { name: 'telling' })
    const move = await rig.move(
      guest,
      lab.host(0),
      lab.host(1),
      {},
      { beforePerform: async () => void (await move.on.control.events.settled()) },
    )
    const iterations: number[] = []
    const states: string[] = []
    move.on.control.events.onDidIterateMigration(({ iteration }) => iterations.push(iteration))
    move.on.control.events.onMonitorEvent('MIGRATION')(({ details }) =>
      states.push((JSON.parse(details ?? '{}') as { status: string }).status),
    )
    const job = new Promise((resolve) => move.on.control.events.onDidCompleteJob((event) => resolve(event.job)))
    expect(await move.outcome).toMatchObject({ outcome: 'moved' })
    expect(await job).toMatchObject({ operation: 'migration-out', memory: { pageSizeBytes: 4096 } })
    expect(iterations[0]).toBe(1)
    expect([states[0], states.at(-1)]).toEqual(['setup', 'completed'])
  })

  it('copies storage, keeps a paused guest paused, and moves one that is off', async () => {
    const [one, two] = [lab.host(0), lab.host(1)]
    const disk = { path: `${imagesFolder}/copied.raw`, format: 'raw' } as const
    const guest = guestOf({ name: 'with-disk', disks: [disk] })
    await guest.createDisks(one, 8)
    await guest.createDisks(two, 8)
    await guest.start(one)
    const copy = await rig.move(guest, one, two, { flags: { nonSharedDisk: true }, migrateDisks: ['vda'] })
    expect(await copy.outcome).toMatchObject({ outcome: 'moved' })
    expect(await guest.verify(two)).toMatchObject({ bad: 0 })

    await copy.on.far.call('domainSuspend', { dom: copy.domain })
    const paused = await rig.move(guest, two, one, { flags: { nonSharedDisk: true }, migrateDisks: ['vda'] })
    expect(await paused.outcome).toMatchObject({ outcome: 'moved' })
    expect(await paused.on.far.call('domainGetState', { dom: paused.domain, flags: 0 })).toEqual({ state: 3, reason: 1 })

    await paused.on.far.call('domainDestroyFlags', { dom: paused.domain, flags: 0 })
    const off = await rig.move(guest, one, two, { flags: { live: false, offline: true } })
    expect(await off.outcome).toMatchObject({ outcome: 'moved', domain: { id: -1 } })
    expect(await rig.verdict(guest, one, two)).toBe('off')
    expect(await off.on.far.call('domainIsPersistent', { dom: off.domain })).toEqual({ isPersistent: true })
  })

  it.each([
    ['an old host to a new one', 0, 2],
    ['a new host to an old one, with a machine that both know', 2, 0],
  ])('leads from %s', async (_, from, to) => {
    const guest = await started(lab.host(from), { name: `generations-${from}-${to}` })
    const move = await rig.move(guest, lab.host(from), lab.host(to))
    expect(await move.outcome).toMatchObject({ outcome: 'moved' })
    expect(await guest.verify(lab.host(to))).toMatchObject({ bad: 0, badEver: 0 })
  })

  it('is cancelled in mid-way, and the guest runs on where it was', async () => {
    const abort = new AbortController()
    const guest = await started(lab.host(0), { name: 'cancelled' })
    const move = await rig.move(guest, lab.host(0), lab.host(1), slow, { signal: abort.signal })
    await move.moving()
    abort.abort()
    expect(await move.outcome).toMatchObject({
      outcome: 'failed',
      at: 'perform',
      isCancelled: true,
      source: { kind: 'answered', state: { state: 'running' } },
    })
    expect(await rig.verdict(guest, lab.host(0), lab.host(1))).toBe('at-source')
    expect(await guest.verify(lab.host(0))).toMatchObject({ bad: 0 })
  })

  it("fails with the daemon's own words and leaves the guest alone", async () => {
    const guest = await started(lab.host(0), { name: 'refused' })
    const move = await rig.move(guest, lab.host(0), lab.host(1), { listenAddress: '192.0.2.1' })
    expect(await move.outcome).toMatchObject({
      outcome: 'failed',
      error: { code: 'libvirt' },
      source: { kind: 'answered', state: { state: 'running' } },
    })
    expect(await rig.verdict(guest, lab.host(0), lab.host(1))).toBe('at-source')
  })
})
