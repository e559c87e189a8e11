import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { GuestWatch } from './guest-watch.ts'
import { LabGuest } from './guest.ts'
import { Lab } from './lab.ts'

describe('the guests of a lab', () => {
  let lab: Lab
  let guest: LabGuest
  const disk = '/var/lib/libvirt/images/shared/witness.raw'

  beforeAll(async () => {
    lab = await Lab.up({ hosts: [{}, {}, { generation: 13 }], report: console.log })
    guest = new LabGuest(lab, { name: 'witness', nic: 'network', rate: 2, tickMs: 5, privatePercent: 25, disks: [{ path: disk, format: 'raw', cache: 'none' }], vnc: { password: 'secret' }, cdrom: null })
    await guest.createDisks(lab.host(0), 16)
    const started = performance.now()
    await guest.start(lab.host(0))
    console.log(`The guest was up after ${((performance.now() - started) / 1000).toFixed(1)} s.`)
  }, 600_000)

  afterAll(async () => lab?.down())

  it('tick, and find their memory whole', async () => {
    await using watch = await GuestWatch.start(guest, [lab.host(0)])
    await watch.ticks(0, 20)
    expect(await guest.verify(lab.host(0))).toMatchObject({ pages: 4096, bad: 0, badEver: 0 })
    expect(watch.report).toMatchObject({ lost: [], duplicated: [], garbled: [], bad: [] })
  })

  it('move between two hosts of a generation and to the next, unharmed, and what they missed is measured', async () => {
    await guest.ask(lab.host(0), 'disk write 4', 'DISK')
    for (const [from, to] of [
      [0, 1],
      [1, 0],
      [0, 2],
    ] as const) {
      await using watch = await GuestWatch.start(guest, lab.hosts)
      await watch.ticks(from)
      await guest.migrateWithVirsh(lab.host(from), lab.host(to))
      await watch.ticks(to)
      expect(await guest.verify(lab.host(to))).toMatchObject({ bad: 0, badEver: 0 })
      const report = await watch.stop()
      console.log(`Host ${from + 1} to ${to + 1}: the guest was silent for ${report.moveGapMs?.toFixed(0)} ms; it usually is for ${report.usualMs.toFixed(1)} ms.`)
      expect(report).toMatchObject({ lost: [], duplicated: [], garbled: [], bad: [], changesOfHost: 1 })
      expect(report.moveGapMs).toBeGreaterThan(0)
    }
    const written = await guest.ask(lab.host(2), 'disk verify', 'DISK')
    expect([written.number('verified'), written.number('bad')]).toEqual([1024, 0])
  })

  it('find the storage that hosts share taken for shared by all who ask', async () => {
    for (const host of lab.hosts) expect((await host.run(['stat', '-f', '-c', '%T', '/var/lib/libvirt/images/shared'])).trim()).toBe('nfs')
  })

  it('say so when a byte of theirs was changed', async () => {
    const host = lab.host(2)
    await guest.setRate(host, 0)
    await guest.ask(host, 'flip 7 100', 'FLIPPED')
    expect(await guest.verify(host)).toMatchObject({ bad: 1 })
    await guest.ask(host, 'flip 7 100', 'FLIPPED')
    const healed = await guest.verify(host)
    expect(healed.bad).toBe(0)
    expect(healed.badEver).toBeGreaterThan(0)
  })

  it('share with their clones what is said to be shared', async () => {
    const digest = async (name: string, privatePercent: number) => {
      const clone = new LabGuest(lab, { name, privatePercent, patternMiB: 4 })
      await clone.start(lab.host(1), { isTransient: true })
      const report = await clone.ask(lab.host(1), 'verify', 'VERIFIED')
      await clone.remove(lab.host(1))
      return report.text('digest')
    }
    const [first, second, other] = await Promise.all([digest('clone-1', 0), digest('clone-2', 0), digest('clone-3', 50)])
    expect(second).toBe(first)
    expect(other).not.toBe(first)
  })

  it('are shut down by the power button', async () => {
    await lab.host(2).virsh(['shutdown', 'witness'])
    await expect.poll(() => guest.isRunning(lab.host(2)), { timeout: 30_000, interval: 200 }).toBe(false)
  })
})
