import { connect } from 'node:net'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { MoveSpec } from '../../src-main/agent/protocol/move-spec.ts'
import { recoverAgentMove } from '../../src-main/features/host/agent/agent-move.ts'
import { LabGuest } from '../lab/guest.ts'
import { GuestWatch } from '../lab/guest-watch.ts'
import type { GuestSpec } from '../lab/guest-xml.ts'
import type { LabHost } from '../lab/host.ts'
import { Lab } from '../lab/lab.ts'
import { until } from '../lab/waiting.ts'
import { agentOn, agentsGone, buildAgent, countAll, Heard, limitsOf, RiggedHost, specOf, startOver } from './agent-rig.ts'

// Memory that goes through both agents, as it is.

let lab: Lab
let agent: Awaited<ReturnType<typeof buildAgent>>
let [one, two]: LabHost[] = []
let before: Awaited<ReturnType<typeof countAll>>
let count = 0
const guests: LabGuest[] = []
const rigged: RiggedHost[] = []

beforeAll(async () => {
  ;[lab, agent] = await Promise.all([Lab.up({ hosts: [{}, {}] }), buildAgent()])
  ;[one, two] = lab.hosts as [LabHost, LabHost]
  before = await countAll(lab.hosts)
})
afterEach(async () => {
  for (const host of rigged.splice(0)) host.close()
  await Promise.all(lab.hosts.map((host) => host.restoreLink().catch(() => {})))
  await Promise.all(guests.splice(0).map((guest) => guest.remove(...lab.hosts)))
})
afterAll(async () => {
  agent?.remove()
  await lab?.down()
})

async function begin(change: Partial<MoveSpec>, guestChange: Partial<GuestSpec> = {}) {
  const guest = new LabGuest(lab, { name: `relay-${++count}`, rate: 2, ...guestChange })
  guests.push(guest)
  await guest.start(one!)
  const [source, destination] = [one!, two!].map((host) => new RiggedHost({ sshAddress: host.sshAddress, address: host.address }, lab.ssh.configFile, agent.bundle)) as [RiggedHost, RiggedHost]
  rigged.push(source, destination)
  await Promise.all([source.transport(), destination.transport()])
  const move = await startOver(source, destination, specOf(guest.name, two!, { relay: { mode: 'pass' }, ...change }), two!)
  return { guest, source, destination, move, heard: new Heard(move) }
}

async function whole(guest: LabGuest, at: LabHost): Promise<void> {
  await until(`${guest.name} to run on ${at.name}`, () => guest.isRunning(at), { deadlineMs: 60_000 })
  expect(await guest.verify(at)).toMatchObject({ bad: 0, badEver: 0 })
}

async function nothingRemains(): Promise<void> {
  for (const host of rigged.splice(0)) host.close()
  await agentsGone(lab.hosts, before)
}

test.each(['precopy', 'postcopy', 'hybrid'] as const)('%s goes through, QEMU on both hosts speaks to its own agent alone, and nothing remains', async (technique) => {
  const { guest, heard, move } = await begin({ technique, switchPolicy: { when: 'time', seconds: 1 }, limits: limitsOf(40) })
  await heard.first('pages on their way', (event) => event.kind === 'pages' && event.pages.bytes.fromQemu > 0)
  const ports = (await one!.run(['ss', '-Htn', 'state', 'established'])).split('\n')
  // From host to host runs the tunnel and SSH; QEMU's own stream stays on loopback.
  expect(ports.filter((line) => line.includes(two!.address) && /:49(1[5-9]|2[01])\d\d/.test(line))).toEqual([])
  expect(await move.ended).toMatchObject({ kind: 'succeeded' })
  const last = heard.events.findLast((event) => event.kind === 'pages')
  expect(last?.kind === 'pages' && last.pages.bytes.fromQemu).toBeGreaterThan(20 * 1024 * 1024)
  await whole(guest, two!)
  await nothingRemains()
})

test('cancelled: the VM runs on at the source, and nothing remains', async () => {
  const { guest, heard, move } = await begin({ limits: limitsOf(5) })
  await heard.sample(3)
  await move.cancel()
  expect(await move.ended).toMatchObject({ kind: 'cancelled' })
  await whole(guest, one!)
  await nothingRemains()
})

test('the destination’s agent is killed before the switch: the VM runs on at the source, and the reason is the broken way', async () => {
  const { guest, heard, move } = await begin({ limits: limitsOf(5) })
  await heard.sample(3)
  process.kill(agentOn(two!), 'SIGKILL')
  const ended = await move.ended
  // The agent was also the source's way to the daemon there.
  expect(ended).toMatchObject({ kind: 'failed', whereabouts: { source: 'running', destination: 'unreachable' } })
  expect(ended.kind === 'failed' && ['relay-broken', 'destination-lost']).toContain(ended.kind === 'failed' && ended.failure.code)
  await whole(guest, one!)
  await nothingRemains()
})

test('the source’s agent is killed before the switch: the VM runs on at the source', async () => {
  const { guest, heard, move } = await begin({ technique: 'hybrid', switchPolicy: { when: 'hand' }, limits: limitsOf(5) })
  await heard.sample(3)
  process.kill(agentOn(one!), 'SIGKILL')
  expect(await move.ended).toMatchObject({ kind: 'lost' })
  await until('the job’s end at the source', async () => !/(migration|unbounded)/i.test(await one!.run(['virsh', '-q', 'domjobinfo', guest.name]).catch(() => '')), { deadlineMs: 60_000 })
  await whole(guest, one!)
})

test('a stranger at the leg, at the port or without a certificate is refused and logged', async () => {
  const { heard, move, destination, guest } = await begin({ limits: limitsOf(5) })
  await heard.sample(2)
  const { tunnels } = await destination.link.status()
  const { port } = tunnels[0]!
  await new Promise<void>((resolve, reject) => {
    const socket = connect({ host: two!.address, port })
    socket.once('error', () => resolve())
    socket.once('close', () => resolve())
    socket.once('connect', () => socket.write('not TLS\n'))
    socket.setTimeout(20_000, () => reject(new Error('it was let in')))
  })
  expect((await destination.link.status()).tunnels[0]?.refused).toBeGreaterThanOrEqual(1)
  await move.cancel()
  expect(await move.ended).toMatchObject({ kind: 'cancelled' })
  await whole(guest, one!)
})

test('the cable between the hosts is cut before the switch: the VM runs on at the source', async () => {
  const { guest, heard, move } = await begin({ technique: 'hybrid', switchPolicy: { when: 'hand' }, limits: limitsOf(5) })
  await heard.sample(3)
  await two!.cutLink()
  await heard.step('perform', 'failed')
  await two!.restoreLink()
  expect(await move.ended).toMatchObject({ kind: 'failed', whereabouts: { source: 'running' } })
  await whole(guest, one!)
}, 600_000)


test('the destination’s agent is killed after the switch: the post-copy is carried on without the agents in its way, and the VM arrives whole', async () => {
  const { guest, heard, move, destination } = await begin({ technique: 'postcopy', limits: limitsOf(4) })
  await heard.first('post-copy', (event) => event.kind === 'phase' && event.phase === 'postcopy')
  {
    await using watch = await GuestWatch.start(guest, lab.hosts)
    await watch.ticks(1)
  }
  process.kill(agentOn(two!), 'SIGKILL')
  await heard.first('the want of recovery', (event) => event.kind === 'recovering')
  await until('the agent at the destination to be brought again', async () => {
    try {
      await recoverAgentMove(move, { destination: destination.link, address: two!.address, ports: [49_600, 49_620] })
      return true
    } catch {
      return heard.events.some(({ kind }) => kind === 'ended')
    }
  })
  expect(await move.ended).toMatchObject({ kind: 'succeeded' })
  await whole(guest, two!)
  await nothingRemains()
}, 600_000)
