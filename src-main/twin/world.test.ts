import { getEventListeners } from 'node:events'
import { pipeline } from 'node:stream/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { domainStatsOf } from '../libvirt/client/domain-stats.ts'
import { switchToPostcopy } from '../libvirt/drive/postcopy.ts'
import { domainStates, runningReasons } from '../libvirt/wire/constants/domain-state.ts'
import { readCapabilities } from '../libvirt/xml/capabilities/host.ts'
import { readDomain } from '../libvirt/xml/domain/domain.ts'
import type { LabDescription } from './lab.ts'
import { smallLab, WorldRig } from './world.fixture.ts'
import { World, type WorldOptions } from './world.ts'

let rig: WorldRig
afterEach(() => rig?.close())

function raise(lab: LabDescription, options?: WorldOptions): WorldRig {
  return (rig = new WorldRig(lab, options))
}

const everything = { doms: [], stats: 0, flags: 0 }

describe('a simulated host, to the client of the product', () => {
  it('says what it is, and what it has', async () => {
    raise(smallLab({ name: 'web', disks: [{ pool: 'default', sizeGiB: 10 }] }, { name: 'off', state: 'off' }))
    const connection = await rig.open('left')
    expect(await connection.call('connectGetHostname')).toEqual({ hostname: 'left' })
    expect(await connection.call('nodeGetInfo')).toMatchObject({ cpus: 8 })
    const capabilities = readCapabilities((await connection.call('connectGetCapabilities')).capabilities)
    expect(capabilities.host.cpu?.architecture).toBe('x86_64')
    const { domains } = await connection.call('connectListAllDomains', { needResults: 1, flags: 0 })
    expect(domains.map(({ name }) => name).sort()).toEqual(['off', 'web'])
    const { xml } = await connection.call('domainGetXmlDesc', { dom: rig.domain('web'), flags: 0 })
    expect(readDomain(xml)).toMatchObject({ name: 'web', vcpus: { count: 2 } })
    const { retStats } = await connection.call('connectGetAllDomainStats', everything)
    expect(retStats.map(domainStatsOf).map(({ dom, state }) => `${dom.name} ${state?.state}`).sort()).toEqual(['off shutoff', 'web running'])
    await expect(connection.call('domainLookupByName', { name: 'nobody' })).rejects.toMatchObject({ errorName: 'VIR_ERR_NO_DOMAIN', domainName: 'VIR_FROM_QEMU' })
  })

  it('lets its counters grow as guests run, and stand while they are paused', async () => {
    raise(smallLab({ name: 'busy', process: { kind: 'compile' } }), { isManual: true })
    const connection = await rig.open('left')
    const cpu = async () => (await connection.call('connectGetAllDomainStats', everything)).retStats.map(domainStatsOf)[0]?.cpu.timeNs ?? 0
    const first = await cpu()
    rig.world.clock.advance(10_000)
    const second = await cpu()
    expect(second - first).toBeGreaterThan(5e9)
    await connection.call('domainSuspend', { dom: rig.domain('busy') })
    const paused = await cpu()
    rig.world.clock.advance(10_000)
    expect(await cpu()).toBe(paused)
  })

  it('tells of a life as it is lived', async () => {
    raise(smallLab({ name: 'life', state: 'off' }))
    const connection = await rig.open('left')
    const told: string[] = []
    connection.events.onDidChangeLifecycle(({ lifecycle }) => told.push(`${lifecycle.event} ${lifecycle.detail}`))
    await connection.events.settled()
    const dom = rig.domain('life')
    await connection.call('domainCreateWithFlags', { dom, flags: 0 })
    await connection.call('domainSuspend', { dom })
    await connection.call('domainResume', { dom })
    await connection.call('domainDestroyFlags', { dom, flags: 0 })
    await connection.call('connectGetHostname')
    expect(told).toEqual(['started booted', 'resumed unpaused', 'suspended paused', 'resumed unpaused', 'stopped destroyed'])
  })

  it('answers at once, and leaves nothing behind at the signal of who asks again and again', async () => {
    raise(smallLab({ name: 'asked' }))
    const connection = await rig.open('left')
    const { signal } = new AbortController()
    for (let i = 0; i < 20; i++) await connection.call('domainGetJobStats', { dom: rig.domain('asked'), flags: 0 }, { signal })
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })

  it('keeps to what a read-only user may do', async () => {
    raise(smallLab({ name: 'seen' }))
    const connection = await rig.open('left', { readOnly: true })
    await expect(connection.call('domainSuspend', { dom: rig.domain('seen') })).rejects.toMatchObject({ errorName: 'VIR_ERR_OPERATION_DENIED' })
  })

  it('saves a guest to a file that can be carried to another host, where it goes on', async () => {
    raise(smallLab({ name: 'carried' }))
    const [left, right] = [await rig.open('left'), await rig.open('right')]
    const path = '/var/lib/libvirt/qemu/save/carried.save'
    await left.call('domainSave', { dom: rig.domain('carried'), to: path })
    const [from, to] = [await rig.world.openTransport('left'), await rig.world.openTransport('right')]
    const [reading, writing] = [await from.spawn(['cat', path]), await to.spawn(['dd', `of=${path}`, 'bs=1M', 'status=none'])]
    await pipeline(reading.stdout, writing.stdin)
    expect([await reading.exited, await writing.exited]).toMatchObject([{ code: 0 }, { code: 0 }])
    await right.call('domainRestore', { from: path })
    expect(await right.call('domainGetState', { dom: rig.domain('carried'), flags: 0 })).toMatchObject({ state: domainStates.running, reason: runningReasons.restored })
    await expect(right.call('domainRestore', { from: '/nowhere' })).rejects.toMatchObject({ errorName: 'VIR_ERR_OPERATION_FAILED' })
  })

  it('has a serial console that answers', async () => {
    raise(smallLab({ name: 'speaks' }))
    const connection = await rig.open('left')
    const { stream } = await connection.openStream('domainOpenConsole', { dom: rig.domain('speaks'), devName: null, flags: 0 })
    stream.write('verify\n')
    let said = ''
    for await (const piece of stream) if ((said += String(piece)).includes('VERIFIED ')) break
    expect(said).toContain('bad=0')
  })
})

describe('a move between simulated hosts', () => {
  it('goes over and is told of', async () => {
    raise(smallLab({ name: 'goes', process: { kind: 'web' } }))
    const move = await rig.move('goes', 'left', 'right')
    expect(await move.outcome).toMatchObject({ outcome: 'moved', leftBehind: null })
    expect(await rig.verdict('goes', 'left', 'right')).toBe('at-destination')
  })

  it('goes over whenever it begins: virtual time is no round number', async () => {
    for (let i = 0; i < 30; i++) {
      const world = raise(smallLab({ name: 'any' }), { isManual: true }).world
      // The steps between numbers of the clock double at 8,192 ms, when this one is in its first tenth of a second.
      world.clock.advance(7820 + Math.random() * 70)
      const move = await rig.move('any', 'left', 'right')
      let outcome: string | null = null
      void move.outcome.then((ended) => (outcome = ended.outcome))
      for (let step = 0; outcome === null && step < 2000; step++) {
        world.clock.advance(Math.random() * 20)
        await new Promise((resolve) => setImmediate(resolve))
      }
      expect(outcome).toBe('moved')
      rig.close()
    }
  })

  it('does not converge for one that writes faster than the link, and goes over by post-copy', async () => {
    raise(smallLab({ name: 'hot', memoryMiB: 4096, usedMiB: 3000, workingSetMiB: 2500, process: { kind: 'fixed', mibPerSecond: 400 } }))
    const move = await rig.move('hot', 'left', 'right', { flags: { postcopy: true } })
    await new Promise<void>((resolve) => move.control.events.onDidIterateMigration(({ iteration }) => iteration > 3 && resolve()))
    expect(await rig.verdict('hot', 'left', 'right')).toBe('moving')
    await switchToPostcopy(rig.domain('hot'), { source: move.control, destination: await rig.open('right'), waits: true })
    expect(await move.outcome).toMatchObject({ outcome: 'moved' })
    expect(await rig.verdict('hot', 'left', 'right')).toBe('at-destination')
  })

  it('is cancelled half-way, and the guest runs on where it was', async () => {
    raise(smallLab({ name: 'stays', memoryMiB: 8192 }))
    const abort = new AbortController()
    const move = await rig.move('stays', 'left', 'right', { bandwidthMiBps: 1 }, { signal: abort.signal })
    await new Promise<void>((resolve) => move.control.events.onDidIterateMigration(() => resolve()))
    abort.abort()
    expect(await move.outcome).toMatchObject({ outcome: 'failed', at: 'perform', isCancelled: true, source: { state: { state: 'running' } } })
    expect(await rig.verdict('stays', 'left', 'right')).toBe('at-source')
  })

  it('fails with the host that it goes to, and the guest runs on where it was', async () => {
    raise(smallLab({ name: 'survives', memoryMiB: 8192 }))
    const move = await rig.move('survives', 'left', 'right', { bandwidthMiBps: 20 })
    await new Promise<void>((resolve) => move.control.events.onDidIterateMigration(() => resolve()))
    rig.world.faults.apply({ kind: 'host-crash', host: 'right' })
    expect(await move.outcome).toMatchObject({ outcome: 'failed' })
    rig.world.faults.undo({ kind: 'host-crash', host: 'right' })
    expect(await rig.verdict('survives', 'left', 'right')).toBe('at-source')
  })

  it('is refused by a CPU that lacks what the guest has seen', async () => {
    raise(smallLab({ name: 'picky' }))
    rig.world.faults.apply({ kind: 'cpu-mismatch', host: 'right' })
    const move = await rig.move('picky', 'left', 'right')
    expect(await move.outcome).toMatchObject({ outcome: 'failed', error: { errorName: 'VIR_ERR_CPU_INCOMPATIBLE' } })
    expect(await rig.verdict('picky', 'left', 'right')).toBe('at-source')
  })
})

it('refuses a lab whose names lead nowhere', () => {
  const lab = smallLab({ name: 'lost', host: 'nowhere' })
  expect(() => World.create(lab)).toThrow(/VM lost is on host nowhere/)
})
