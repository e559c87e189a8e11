import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { jobStatsOf } from '../../src-main/libvirt/client/job-stats.ts'
import { pausePostcopy, resumePostcopy, switchToPostcopy } from '../../src-main/libvirt/drive/postcopy.ts'
import type { Outcome } from '../../src-main/libvirt/drive/outcome.ts'
import type { MovePlan } from '../../src-main/libvirt/drive/plan.ts'
import { LabGuest } from '../lab/guest.ts'
import { GuestWatch } from '../lab/guest-watch.ts'
import { Lab } from '../lab/lab.ts'
import type { LabHost } from '../lab/host.ts'
import { until } from '../lab/waiting.ts'
import { LibvirtRig, type RiggedMove } from './libvirt-rig.ts'

// Every gap of a move between real daemons: what is lost, who is asked, where the guest is afterwards, and that it lost no byte.

let lab: Lab
let rig: LibvirtRig
let guest: LabGuest
let count = 0

beforeAll(async () => {
  lab = await Lab.up({ hosts: [{ generation: 12 }, { generation: 12 }, { generation: 13 }, { generation: 13 }] })
})
afterAll(() => lab?.down())

const slow = { bandwidthMiBps: 8, postcopyBandwidthMiBps: 8 }
const postcopy: Partial<MovePlan> = { ...slow, flags: { postcopy: true } }
/** Long enough to be injured well after the destination has taken over. */
const lasting: Partial<MovePlan> = { ...postcopy, postcopyBandwidthMiBps: 2 }

describe.each([
  ['libvirt 9.0', 0, 1, true],
  ['libvirt 11.3', 2, 3, false],
])('between two daemons of %s', (_, from, to, canResume) => {
  const source = (): LabHost => lab.host(from)
  const destination = (): LabHost => lab.host(to)

  async function started(): Promise<void> {
    rig = new LibvirtRig()
    guest = new LabGuest(lab, { name: `gap-${++count}`, rate: 1 })
    await guest.start(source())
  }
  afterEach(async () => {
    rig.close()
    await guest.remove(source(), destination())
  })

  const move = (change: Partial<MovePlan> = {}): Promise<RiggedMove> => rig.move(guest, source(), destination(), change)

  async function switched(on: RiggedMove): Promise<void> {
    await on.sent('perform')
    await switchToPostcopy(on.plan.domain, { source: on.on.control, destination: on.on.far, waits: true })
    await on.sent('finish')
    await until(
      'The guest to run at the destination',
      async () => (await on.on.far.call('domainGetState', { dom: on.domain, flags: 0 })).state === 1,
    )
  }

  /** The same until the guest's own ticks tell that it runs: libvirt says so a moment before, when a daemon that dies would not yet have it written down. */
  async function takenOver(on: RiggedMove): Promise<void> {
    await using watch = await GuestWatch.start(guest, lab.hosts)
    await switched(on)
    await watch.ticks(to, 2)
  }

  /** Interrupted too early, QEMU's own main thread may wait for a page that cannot come any more, and its monitor with it. */
  async function halfOver(on: RiggedMove): Promise<void> {
    await until('Half of the memory to be there', async () => {
      const { memory } = jobStatsOf(await on.on.control.call('domainGetJobStats', { dom: on.domain, flags: 0 }))
      return memory.remainingBytes !== null && memory.totalBytes !== null && memory.remainingBytes < memory.totalBytes / 2
    })
  }

  /** As often as it takes: what had hindered the first try may go on for a while. */
  async function resumed(on: RiggedMove): Promise<void> {
    let last: Outcome | undefined
    await until(
      'The post-copy to be carried on',
      async () => (last = await resumePostcopy({ ...on.plan, postcopyBandwidthMiBps: 100 }, await settling())).outcome === 'moved',
      { deadlineMs: 60_000, everyMs: 500, evidence: () => (last && 'error' in last ? `${last.at}: ${last.error.message}` : '') },
    )
  }

  /** New connections, as somebody who has lost the old ones would have. */
  const settling = async () => ({ source: await rig.open(source()), destination: await rig.open(destination()) })

  async function isWhole(host: LabHost): Promise<void> {
    const verdict = host === source() ? 'at-source' : 'at-destination'
    await until(`${guest.name} to be ${verdict}`, async () => (await rig.verdict(guest, source(), destination())) === verdict)
    expect(await guest.verify(host)).toMatchObject({ bad: 0, badEver: 0 })
  }

  it("the source's connection is lost in Perform", async () => {
    await started()
    const on = await move(slow)
    await on.moving()
    on.on.source.close()
    const outcome = await on.outcome
    if (outcome.outcome !== 'undecided') return expect.fail(outcome.outcome)
    expect(await outcome.settle(await settling())).toMatchObject({ outcome: 'failed', at: 'perform' })
    await isWhole(source())
  })

  it("the destination's connection is lost in Perform", async () => {
    await started()
    const on = await move(slow)
    await on.moving()
    on.on.destination.close()
    expect(await on.outcome).toMatchObject({ outcome: 'failed', at: 'perform', error: { code: 'libvirt' } })
    await isWhole(source())
  })

  it("the destination's connection is lost in Finish, after a pre-copy", async () => {
    await started()
    const on = await move()
    await on.sent('finish')
    on.on.destination.close()
    const outcome = await on.outcome
    // Finish may have been answered by then.
    const end = outcome.outcome === 'undecided' ? await outcome.settle(await settling()) : outcome
    expect(end).toMatchObject({ outcome: 'moved' })
    await isWhole(destination())
  })

  it("the destination's connection is lost in Finish, after a switch to post-copy", async () => {
    await started()
    const on = await move(postcopy)
    await switched(on)
    on.on.destination.close()
    const outcome = await on.outcome
    if (outcome.outcome !== 'undecided') return expect.fail(outcome.outcome)
    expect(await outcome.settle(await settling())).toMatchObject({ outcome: 'moved', leftBehind: null })
    await isWhole(destination())
  })

  it("the source's connection is lost between Finish and Confirm", async () => {
    await started()
    const on = await move(postcopy)
    await switched(on)
    on.on.source.close()
    const outcome = await on.outcome
    if (outcome.outcome !== 'moved' || !outcome.leftBehind) return expect.fail('was to leave a copy behind')
    await outcome.leftBehind.release(await settling())
    await isWhole(destination())
    expect(await source().virsh(['list', '--all', '--name'])).not.toContain(guest.name)
  })

  if (canResume) {
    it('a post-copy is interrupted on purpose and carried on', async () => {
      await started()
      const on = await move(postcopy)
      await switched(on)
      await halfOver(on)
      await pausePostcopy(on.plan.domain, { source: on.on.control, destination: on.on.far })
      expect(await on.outcome).toMatchObject({ outcome: 'failed', at: 'finish' })
      expect(await rig.verdict(guest, source(), destination())).toBe('postcopy-broken')
      await resumed(on)
      await isWhole(destination())
    })

    it('the network is cut in a post-copy and comes back', async () => {
      await started()
      const on = await move(postcopy)
      await switched(on)
      await halfOver(on)
      await destination().cutLink()
      try {
        await pausePostcopy(on.plan.domain, { source: on.on.control, destination: on.on.far })
      } finally {
        await destination().restoreLink()
      }
      await on.outcome
      await until(
        'Both sides to know that it broke',
        async () => (await rig.verdict(guest, source(), destination())) === 'postcopy-broken',
        {
          deadlineMs: 60_000,
        },
      )
      await resumed(on)
      await isWhole(destination())
    })
  } else {
    it('a post-copy is not interrupted where its libvirt would crash on resuming it', async () => {
      await started()
      const on = await move(postcopy)
      await switched(on)
      const interrupted = pausePostcopy(on.plan.domain, { source: on.on.control, destination: on.on.far })
      await expect(interrupted).rejects.toMatchObject({ code: 'postcopy-resume-unsafe' })
      expect(await on.outcome).toMatchObject({ outcome: 'moved' })
      await isWhole(destination())
    })
  }

  it.each(['source', 'destination'] as const)("the %s's libvirtd is killed in Perform", async (side) => {
    await started()
    const victim = side === 'source' ? source() : destination()
    const on = await move(slow)
    await on.moving()
    await victim.killLibvirtd()
    // The destination's QEMU goes on receiving without its daemon: Perform may end well, and Finish then finds nobody.
    const outcome = await on.outcome
    await victim.restartLibvirtd()
    if (outcome.outcome !== 'undecided') return expect.fail(outcome.outcome)
    expect(await outcome.settle(await settling())).toMatchObject({ outcome: 'failed' })
    await isWhole(source())
  })

  it("the destination's libvirtd is killed in Finish, after a switch to post-copy", async () => {
    await started()
    const on = await move(lasting)
    await takenOver(on)
    await destination().killLibvirtd()
    const outcome = await on.outcome
    await destination().restartLibvirtd()
    if (outcome.outcome !== 'undecided') return expect.fail(outcome.outcome)
    expect(await outcome.settle(await settling())).toMatchObject({ outcome: 'moved' })
    await isWhole(destination())
  })

  it("the source's libvirtd is killed in Finish, after a switch to post-copy", async () => {
    await started()
    const on = await move(lasting)
    await takenOver(on)
    await source().killLibvirtd()
    const outcome = await on.outcome
    await source().restartLibvirtd()
    if (outcome.outcome !== 'moved' || !outcome.leftBehind) return expect.fail('was to leave a copy behind')
    const { leftBehind } = outcome
    await until(
      'The source to let go',
      async () =>
        leftBehind.release(await settling()).then(
          () => true,
          () => false,
        ),
      { deadlineMs: 60_000 },
    )
    await isWhole(destination())
  })
})
