import { spawn } from 'node:child_process'
import { copyFileSync, chownSync, mkdirSync, statSync } from 'node:fs'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { conduct } from '../../src-main/agent/conductor/conduct.ts'
import { Connection } from '../../src-main/libvirt/client/connection.ts'
import { LabGuest } from '../lab/guest.ts'
import type { GuestSpec } from '../lab/guest-xml.ts'
import type { LabHost } from '../lab/host.ts'
import { Lab } from '../lab/lab.ts'
import { agentFilesIn, agentsGone, buildAgent, countAll, Heard, limitsOf, RiggedHost, specOf, startOver } from './agent-rig.ts'

let lab: Lab
let agent: Awaited<ReturnType<typeof buildAgent>>
let [one, two]: LabHost[] = []
let before: Awaited<ReturnType<typeof countAll>>
const guests: LabGuest[] = []
const rigged: RiggedHost[] = []

beforeAll(async () => {
  ;[lab, agent] = await Promise.all([Lab.up({ hosts: [{ hasUser: true }, { hasUser: true }] }), buildAgent()])
  ;[one, two] = lab.hosts as [LabHost, LabHost]
  before = await countAll(lab.hosts)
})
afterEach(async () => {
  for (const host of rigged.splice(0)) host.close()
  await Promise.all(guests.splice(0).map((guest) => guest.remove(...lab.hosts)))
})
afterAll(async () => {
  agent?.remove()
  await lab?.down()
})

async function started(spec: GuestSpec, host: LabHost = one!): Promise<LabGuest> {
  const guest = new LabGuest(lab, spec)
  guests.push(guest)
  await guest.start(host)
  return guest
}

function rig(host: LabHost, sshAddress = host.sshAddress): RiggedHost {
  const made = new RiggedHost({ sshAddress, address: host.address }, lab.ssh.configFile, agent.bundle)
  rigged.push(made)
  return made
}

async function pair(): Promise<{ source: RiggedHost; destination: RiggedHost }> {
  const [source, destination] = [rig(one!), rig(two!)]
  await Promise.all([source.transport(), destination.transport()])
  return { source, destination }
}

async function arrivedWhole(guest: LabGuest, at: LabHost): Promise<void> {
  expect(await guest.isRunning(at)).toBe(true)
  expect(await guest.verify(at)).toMatchObject({ bad: 0, badEver: 0 })
}

/** Neither an agent nor anything that listens for one, a moment after the last connection went. */
async function nothingRemains(): Promise<void> {
  for (const host of rigged.splice(0)) host.close()
  await agentsGone(lab.hosts, before)
}

test('hosts without Node get one, and a pre-copy move is driven between them', async () => {
  const guest = await started({ name: 'agent-pre' })
  const { source, destination } = await pair()
  expect(await source.link.state()).toBe('absent')
  const steps: string[] = []
  source.link.onDidProgress(({ step }) => steps.push(step))
  const move = await startOver(source, destination, specOf(guest.name, two!), two!)
  const heard = new Heard(move)
  expect(await move.ended).toMatchObject({ kind: 'succeeded', figures: { iterations: expect.any(Number), finishMs: expect.any(Number) } })
  expect([...new Set(steps)]).toEqual(['probing', 'uploading-agent', 'uploading-node', 'starting'])
  expect(heard.isComplete).toBe(true)
  expect(heard.trail).toEqual(['begin done', 'prepare done', 'perform done', 'finish done', 'confirm done'])
  expect(heard.events.some(({ kind }) => kind === 'sample')).toBe(true)
  await arrivedWhole(guest, two!)
  expect(await source.link.list()).toMatchObject([{ job: move.job, state: 'ended' }])
  expect((await destination.link.status()).tunnels).toEqual([])
  await source.link.forget(move.job)
  await nothingRemains()
}, 240_000)

test('a post-copy move by the agent announces the switch before it crosses it, and refuses to cancel afterwards', async () => {
  const guest = await started({ name: 'agent-post', rate: 2 })
  const { source, destination } = await pair()
  const move = await startOver(source, destination, specOf(guest.name, two!, { technique: 'postcopy', limits: limitsOf(10) }), two!)
  const heard = new Heard(move)
  await heard.step('switch', 'done')
  await expect(move.cancel()).rejects.toMatchObject({ code: 'move-not-cancellable' })
  expect(await move.ended).toMatchObject({ kind: 'succeeded' })
  const at = (wanted: string) => heard.events.findIndex((event) => (event.kind === 'no-return' ? event.state : event.kind === 'intent' ? event.intent : event.kind === 'step' ? `${event.step} ${event.state}` : '') === wanted)
  const order = ['perform-finish', 'perform started', 'announced', 'switch', 'crossed', 'finish started', 'finish done', 'confirm started'].map(at)
  expect(order).toEqual([...order].sort((a, b) => a - b))
  expect(order.every((place) => place >= 0)).toBe(true)
  await arrivedWhole(guest, two!)
})

test('SSH is cut three times in mid-move: it ends well, and nothing of its history is missing', async () => {
  const guest = await started({ name: 'agent-cut' })
  const { source, destination } = await pair()
  const move = await startOver(source, destination, specOf(guest.name, two!, { limits: limitsOf(12) }), two!)
  const heard = new Heard(move)
  for (let cut = 1; cut <= 3; cut++) {
    await heard.sample(cut * 8)
    source.cut()
    destination.cut()
  }
  expect(await move.ended).toMatchObject({ kind: 'succeeded' })
  expect(source.cuts).toBe(3)
  expect(heard.isComplete).toBe(true)
  await arrivedWhole(guest, two!)
})

test('the app is killed in mid-move: the next one attaches by the job’s id and hears all from the beginning', async () => {
  const guest = await started({ name: 'agent-kill', rate: 2 })
  const spec = specOf(guest.name, two!, { technique: 'postcopy', limits: limitsOf(12) })
  const hosts = [one!, two!].map(({ sshAddress, address }) => ({ sshAddress, address }))
  const child = spawn(process.execPath, [join(import.meta.dirname, 'agent-child.ts'), JSON.stringify({ driver: 'agent', hosts, sshConfig: lab.ssh.configFile, bundle: agent.folder, spec, at: 'phase postcopy', then: 'SIGKILL' })], {
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const [, signal] = await new Promise<[number | null, string | null]>((resolve) => child.once('exit', (code, by) => resolve([code, by])))
  expect(signal).toBe('SIGKILL')
  const source = rig(one!)
  await source.transport()
  const move = source.link.attach(spec.job, 0)
  const heard = new Heard(move)
  expect(await move.ended).toMatchObject({ kind: 'succeeded' })
  expect(heard.isComplete).toBe(true)
  await arrivedWhole(guest, two!)
  await source.link.forget(spec.job)
  await nothingRemains()
})

test('limits take hold in flight; a cancel through the agent leaves the VM running at the source', async () => {
  const guest = await started({ name: 'agent-cancel', rate: 4 })
  const { source, destination } = await pair()
  const move = await startOver(source, destination, specOf(guest.name, two!, { limits: limitsOf(4) }), two!)
  const heard = new Heard(move)
  await heard.sample(3)
  await move.setLimits({ bandwidthMiBps: 2, downtimeMs: 50 })
  await heard.first('limits', (event) => event.kind === 'limits' && event.limits.bandwidthMiBps === 2 && event.limits.downtimeMs === 50)
  expect(await one!.virsh(['migrate-getspeed', guest.name])).toContain('2')
  await move.cancel()
  expect(await move.ended).toMatchObject({ kind: 'cancelled', whereabouts: { source: 'running', destination: 'absent', steps: [] } })
  await arrivedWhole(guest, one!)
  await expect(move.cancel()).rejects.toMatchObject({ code: 'move-ended' })
})

test('a user who is not root moves a VM where libvirt lets that user', async () => {
  const guest = await started({ name: 'agent-user' })
  const hosts = lab.hosts.slice(0, 2)
  for (const host of hosts) {
    // The Node that root was brought, so that the test need not wait for it once more.
    const from = host.onMachine('/root/.cache/drover')
    const node = agentFilesIn(from).find((name) => /^node-[0-9a-f]+$/.test(name))
    if (!node) continue
    const home = statSync(host.onMachine('/home/tester'))
    const to = host.onMachine('/home/tester/.cache/drover')
    mkdirSync(to, { recursive: true })
    copyFileSync(join(from, node), join(to, node))
    for (const path of [join(to, node), to, join(to, '..')]) chownSync(path, home.uid, home.gid)
  }
  const [source, destination] = hosts.map((host) => rig(host, host.sshAddress.replace('root@', 'tester@'))) as [RiggedHost, RiggedHost]
  await Promise.all([source.transport(), destination.transport()])
  const move = await startOver(source, destination, specOf(guest.name, two!), two!)
  expect((await source.link.ready()).uid).not.toBe(0)
  expect(await move.ended).toMatchObject({ kind: 'succeeded' })
  await arrivedWhole(guest, two!)
  await Promise.all([source, destination].map(({ link }) => link.removeFiles()))
  expect(agentFilesIn(one!.onMachine('/home/tester/.cache/drover'))).toEqual([])
})

test('the app conducts a hybrid move itself, switched by hand', async () => {
  const guest = await started({ name: 'agent-app', rate: 8 })
  const open = (host: LabHost) => (signal: AbortSignal) => Connection.open(createConnection(host.onMachine('/run/libvirt/libvirt-sock')), { signal })
  const move = conduct(specOf(guest.name, two!, { technique: 'hybrid', limits: limitsOf(8) }), {
    source: { name: 'one', open: open(one!) },
    destination: { name: 'two', open: open(two!) },
    journal: { append() {}, commit() {} },
    driver: 'app',
  })
  const heard = new Heard(move)
  await heard.first('the switch to be offered', (event) => event.kind === 'controls' && event.controls.canSwitch)
  await move.switchToPostcopy()
  await expect(move.cancel()).rejects.toMatchObject({ code: 'move-not-cancellable' })
  expect(await move.ended).toMatchObject({ kind: 'succeeded' })
  expect(heard.trail).toEqual(['begin done', 'prepare done', 'switch done', 'perform done', 'finish done', 'confirm done'])
  await arrivedWhole(guest, two!)
})
