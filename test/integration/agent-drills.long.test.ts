import { spawn, type ChildProcess } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { MoveSpec } from '../../src-main/agent/protocol/move-spec.ts'
import { LabGuest } from '../lab/guest.ts'
import { GuestWatch } from '../lab/guest-watch.ts'
import type { GuestSpec } from '../lab/guest-xml.ts'
import type { LabHost } from '../lab/host.ts'
import { Lab } from '../lab/lab.ts'
import { until } from '../lab/waiting.ts'
import type { ChildTask } from './agent-child.ts'
import { agentOn, buildAgent, Heard, limitsOf, processOn, RiggedHost, specOf, startOver } from './agent-rig.ts'
import { LibvirtRig } from './libvirt-rig.ts'

let lab: Lab
let agent: Awaited<ReturnType<typeof buildAgent>>
let [one, two]: LabHost[] = []
let count = 0
const libvirt = new LibvirtRig()
const guests: LabGuest[] = []
const rigged: RiggedHost[] = []
const children: ChildProcess[] = []

beforeAll(async () => {
  ;[lab, agent] = await Promise.all([Lab.up({ hosts: [{}, {}] }), buildAgent()])
  ;[one, two] = lab.hosts as [LabHost, LabHost]
})
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  for (const host of rigged.splice(0)) host.close()
  libvirt.close()
  await Promise.all(lab.hosts.map((host) => host.restoreLink().catch(() => {})))
  await Promise.all(guests.splice(0).map((guest) => guest.remove(...lab.hosts)))
})
afterAll(async () => {
  agent?.remove()
  await lab?.down()
})

async function started(spec: Partial<GuestSpec> = {}): Promise<LabGuest> {
  const guest = new LabGuest(lab, { name: `drill-${++count}`, ...spec })
  guests.push(guest)
  await guest.start(one!)
  return guest
}

async function rig(host: LabHost): Promise<RiggedHost> {
  const made = new RiggedHost({ sshAddress: host.sshAddress, address: host.address }, lab.ssh.configFile, agent.bundle)
  rigged.push(made)
  await made.transport()
  return made
}

/** Runs the app as a process of its own, which stops existing, or moving, at `at`. Resolves when it has. */
async function appUntil(spec: MoveSpec, driver: 'agent' | 'app', at: string, then: 'SIGKILL' | 'SIGSTOP'): Promise<ChildProcess> {
  const socket = (host: LabHost) => host.onMachine('/run/libvirt/libvirt-sock')
  const task: ChildTask = {
    driver,
    hosts: [one!, two!].map(({ sshAddress, address }) => ({ sshAddress, address })) as unknown as ChildTask['hosts'],
    sshConfig: lab.ssh.configFile,
    bundle: agent.folder,
    sockets: [socket(one!), socket(two!)],
    spec,
    at,
    then,
  }
  const child = spawn(process.execPath, [join(import.meta.dirname, 'agent-child.ts'), JSON.stringify(task)], { stdio: ['ignore', 'inherit', 'inherit'] })
  children.push(child)
  if (then === 'SIGKILL') expect(await new Promise((resolve) => child.once('exit', (_, signal) => resolve(signal))), `the app at ${at}`).toBe('SIGKILL')
  else await until(`The app to stand still at ${at}`, async () => /^State:\s+T/m.test(await statusOf(child)), { deadlineMs: 120_000 })
  return child
}

async function statusOf({ pid }: ChildProcess): Promise<string> {
  return readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
}

async function arrivedWhole(guest: LabGuest, at: LabHost): Promise<void> {
  await until(`${guest.name} to run on ${at.name}`, () => guest.isRunning(at), { deadlineMs: 60_000 })
  expect(await guest.verify(at)).toMatchObject({ bad: 0, badEver: 0 })
}

// Every gap between two of the five calls, and within each of them, as the desktop hears of it.
const precopyGaps = ['step begin started', 'step begin done', 'step prepare started', 'step prepare done', 'step perform started', 'sample 3', 'step perform done', 'step finish started', 'step finish done', 'step confirm started', 'step confirm done']
const postcopyGaps = ['step perform started', 'no-return', 'step switch done', 'step perform done', 'step finish started', 'phase postcopy', 'step finish done', 'step confirm started']

describe('with the agent, the move ends as if nothing had been', () => {
  const table = (['SIGKILL', 'SIGSTOP'] as const).flatMap((fate) => [
    ...precopyGaps.map((gap) => ['precopy', fate, gap] as const),
    ...postcopyGaps.map((gap) => ['postcopy', fate, gap] as const),
  ])

  test.each(table)('%s, the app meets %s at "%s"', async (technique, fate, gap) => {
    const guest = await started()
    const spec = specOf(guest.name, two!, { technique, limits: limitsOf(40) })
    const child = await appUntil(spec, 'agent', gap, fate)
    const source = await rig(one!)
    const move = source.link.attach(spec.job, 0)
    const heard = new Heard(move)
    expect(await move.ended).toMatchObject({ kind: 'succeeded' })
    expect(heard.isComplete).toBe(true)
    child.kill('SIGKILL')
    await arrivedWhole(guest, two!)
    await source.link.forget(spec.job)
  }, 300_000)

  test('both SSH connections are cut for good in mid-move', async () => {
    const guest = await started()
    const [source, destination] = await Promise.all([rig(one!), rig(two!)])
    const spec = specOf(guest.name, two!, { technique: 'postcopy', limits: limitsOf(20) })
    const move = await startOver(source, destination, spec, two!)
    await new Heard(move).step('switch', 'done')
    for (const host of rigged.splice(0)) host.close()
    await arrivedWhole(guest, two!)
    await until('The end of all agents', async () => (await Promise.all(lab.hosts.map((host) => host.count()))).every(({ agents }) => agents === 0))
    // A later agent still knows how it went.
    expect(await (await rig(one!)).link.list()).toMatchObject([{ job: spec.job, state: 'ended' }])
  }, 300_000)
})

describe('without an agent, what the app foretold', () => {
  // Columns: technique, the gap in which the app is killed, where the VM then is (facts of stock libvirt).
  test.each([
    ['precopy', 'step begin done', ['at-source']],
    ['precopy', 'step prepare done', ['at-source']],
    ['precopy', 'sample 3', ['at-source']],
    ['precopy', 'step finish done', ['left-behind', 'at-destination']],
    ['precopy', 'step confirm done', ['at-destination']],
    ['postcopy', 'step perform started', ['at-source']],
    // libvirt has taken the order; whether QEMU has carried it out when the connection goes is a matter of milliseconds.
    ['postcopy', 'step switch done', ['lost', 'at-source']],
    ['postcopy', 'step finish started', ['left-behind', 'at-destination']],
    ['postcopy', 'step confirm done', ['at-destination']],
  ] as const)('%s, killed at "%s": %s', async (technique, gap, expected) => {
    const guest = await started()
    await appUntil(specOf(guest.name, two!, { technique, limits: limitsOf(20) }), 'app', gap, 'SIGKILL')
    const seen = new Set<string>()
    const settled = await until(
      `${guest.name} ${expected.join(' or ')}`,
      async () => {
        const verdict = await libvirt.verdict(guest, one!, two!)
        seen.add(verdict)
        return (expected as readonly string[]).includes(verdict) ? verdict : null
      },
      { deadlineMs: 90_000, everyMs: 500, evidence: () => [...seen].join(', ') },
    )
    if (settled === 'at-source') await arrivedWhole(guest, one!)
    if (settled === 'left-behind' || settled === 'at-destination') await arrivedWhole(guest, two!)
  }, 300_000)
})

describe('hosts that fail under the agent', () => {
  async function move(technique: MoveSpec['technique'], mebibytesPerSecond = 5) {
    const guest = await started()
    const [source, destination] = await Promise.all([rig(one!), rig(two!)])
    const spec = specOf(guest.name, two!, { technique, limits: limitsOf(mebibytesPerSecond) })
    const running = await startOver(source, destination, spec, two!)
    return { guest, source, destination, spec, running, heard: new Heard(running) }
  }

  test('the agent is killed in pre-copy: the move is lost to view, the VM is at the source', async () => {
    const { guest, source, spec, running, heard } = await move('precopy')
    await heard.sample(3)
    process.kill(agentOn(one!), 'SIGKILL')
    expect(await running.ended).toMatchObject({ kind: 'lost', failure: { code: 'agent-lost' } })
    await until('The VM at the source', async () => (await libvirt.verdict(guest, one!, two!)) === 'at-source', { deadlineMs: 60_000 })
    await arrivedWhole(guest, one!)
    await source.link.forget(spec.job)
  }, 300_000)

  test('the destination’s libvirtd dies in pre-copy: copying stops at once, the VM runs on at the source', async () => {
    const { guest, running, heard } = await move('precopy')
    await heard.sample(3)
    await two!.killLibvirtd()
    const ended = running.ended
    await heard.step('perform', 'failed')
    await two!.restartLibvirtd()
    expect(await ended).toMatchObject({ kind: 'failed', failure: { code: 'destination-lost' }, whereabouts: { source: 'running', destination: 'absent' } })
    await arrivedWhole(guest, one!)
  }, 300_000)

  test('the source’s libvirtd restarts in pre-copy: the VM runs on at the source', async () => {
    const { guest, running, heard } = await move('precopy')
    await heard.sample(3)
    await one!.killLibvirtd()
    await one!.restartLibvirtd()
    expect(await running.ended).toMatchObject({ kind: 'failed', whereabouts: { source: 'running', destination: 'absent' } })
    await arrivedWhole(guest, one!)
  }, 300_000)

  test('either libvirtd restarts in post-copy: the move ends well all the same', async () => {
    for (const side of [0, 1]) {
      const { guest, running, heard } = await move('postcopy', 8)
      await heard.first('post-copy', (event) => event.kind === 'phase' && event.phase === 'postcopy')
      await takenOver(guest)
      await lab.host(side).killLibvirtd()
      await lab.host(side).restartLibvirtd()
      expect(await running.ended).toMatchObject({ kind: 'succeeded' })
      await arrivedWhole(guest, two!)
      for (const host of rigged.splice(0)) host.close()
    }
  }, 400_000)

  test('the memory stream breaks in post-copy: the agent resumes it by itself', async () => {
    const { guest, running, heard } = await move('postcopy')
    await heard.first('post-copy', (event) => event.kind === 'phase' && event.phase === 'postcopy')
    await takenOver(guest)
    await two!.run(['ss', '-K', 'sport', '=', ':49152'])
    expect(await running.ended).toMatchObject({ kind: 'succeeded' })
    expect(heard.events.filter(({ kind }) => kind === 'recovering')).not.toEqual([])
    await arrivedWhole(guest, two!)
  }, 300_000)

  test('the network is cut in post-copy: the stall is shown, and the move goes on once it is back', async () => {
    const { guest, running, heard } = await move('postcopy')
    await heard.first('post-copy', (event) => event.kind === 'phase' && event.phase === 'postcopy')
    await two!.cutLink()
    await heard.first('the stall', (event) => event.kind === 'controls' && event.controls.canRecover)
    await two!.restoreLink()
    expect(await running.ended).toMatchObject({ kind: 'succeeded' })
    await arrivedWhole(guest, two!)
  }, 300_000)

  test('a switch is not made while the destination’s libvirtd does not answer', async () => {
    const guest = await started({ rate: 2 })
    const [source, destination] = await Promise.all([rig(one!), rig(two!)])
    const running = await startOver(source, destination, specOf(guest.name, two!, { technique: 'hybrid', limits: limitsOf(5) }), two!)
    const heard = new Heard(running)
    await heard.first('the switch to be offered', (event) => event.kind === 'controls' && event.controls.canSwitch)
    const pid = daemonOn(two!)
    process.kill(pid, 'SIGSTOP')
    try {
      await expect(running.switchToPostcopy()).rejects.toMatchObject({ code: 'move-cannot-switch' })
    } finally {
      process.kill(pid, 'SIGCONT')
    }
    await running.switchToPostcopy()
    expect(await running.ended).toMatchObject({ kind: 'succeeded' })
    await arrivedWhole(guest, two!)
  }, 300_000)
})

/**
 * The guest runs at the destination, which from here on can be helped. Earlier its daemon may not have it yet, and its QEMU may wait with all its threads for a page of a
 * device: it then tells nobody that the stream broke, and libvirt cannot resume what it does not know to be broken.
 */
async function takenOver(guest: LabGuest): Promise<void> {
  await using watch = await GuestWatch.start(guest, lab.hosts)
  await watch.ticks(1)
}

const daemonOn = (host: LabHost) => processOn(host, /^\S*libvirtd/)
