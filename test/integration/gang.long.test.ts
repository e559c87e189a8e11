import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect as connectTcp } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { MoveEvent, MoveOutcome } from '../../src-main/agent/protocol/move-event.ts'
import type { MoveSpec } from '../../src-main/agent/protocol/move-spec.ts'
import type { PageFigures } from '../../src-main/agent/protocol/page-figures.ts'
import type { GangSpec } from '../../src-main/agent/protocol/relay-spec.ts'
import { makeJobIdentities } from '../../src-main/agent/tunnel/move-identities.ts'
import { recoverAgentMove } from '../../src-main/features/host/agent/agent-move.ts'
import type { RemoteMove } from '../../src-main/features/host/agent/remote-move.ts'
import { LabGuest } from '../lab/guest.ts'
import { GuestWatch } from '../lab/guest-watch.ts'
import type { GuestSpec } from '../lab/guest-xml.ts'
import type { LabHost } from '../lab/host.ts'
import { Lab } from '../lab/lab.ts'
import { until } from '../lab/waiting.ts'
import { agentOn, agentsGone, buildAgent, countAll, Heard, limitsOf, RiggedHost, specOf, startOver } from './agent-rig.ts'

// VMs that move as a gang: four guests that check their own memory, on real hosts.

let lab: Lab
let agent: Awaited<ReturnType<typeof buildAgent>>
let [one, two, three]: LabHost[] = []
let before: Awaited<ReturnType<typeof countAll>>
let count = 0
const guests: LabGuest[] = []
const rigged = new Map<LabHost, RiggedHost>()

beforeAll(async () => {
  ;[lab, agent] = await Promise.all([Lab.up({ hosts: [{}, {}, {}] }), buildAgent()])
  ;[one, two, three] = lab.hosts as [LabHost, LabHost, LabHost]
  before = await countAll(lab.hosts)
})
afterEach(async () => {
  closeRigs()
  await Promise.all(lab.hosts.map((host) => host.restoreLink().catch(() => {})))
  await Promise.all(guests.splice(0).map((guest) => guest.remove(...lab.hosts)))
})
afterAll(async () => {
  agent?.remove()
  await lab?.down()
})

function rig(host: LabHost): RiggedHost {
  let found = rigged.get(host)
  if (!found) rigged.set(host, (found = new RiggedHost({ sshAddress: host.sshAddress, address: host.address }, lab.ssh.configFile, agent.bundle)))
  return found
}

function closeRigs(): void {
  for (const host of rigged.values()) host.close()
  rigged.clear()
}

async function clones(number: number, change: Partial<GuestSpec> = {}, on = one!): Promise<LabGuest[]> {
  count += 1
  const made = Array.from({ length: number }, (_, i) => new LabGuest(lab, { name: `gang-${count}-${i}`, patternMiB: 32, privatePercent: 10, ...change }))
  guests.push(...made)
  for (const guest of made) await guest.start(on)
  return made
}

interface Member {
  readonly guest: LabGuest
  readonly to: LabHost
  readonly move: RemoteMove
  readonly heard: Heard
}

const gangSpec = (vm: number, vms: number, to: LabHost, change: Partial<GangSpec> = {}): GangSpec => ({
  id: `gang-test-${count}`,
  vm,
  vms,
  destination: to.name,
  rack: null,
  reaches: [],
  storeMiB: 256,
  residentMiB: 0,
  bandwidthMiBps: null,
  switching: 2,
  ...change,
})

async function begin(guest: LabGuest, to: LabHost, gang: GangSpec, change: Partial<MoveSpec> = {}): Promise<Member> {
  await Promise.all([rig(one!).transport(), rig(to).transport()])
  const move = await startOver(rig(one!), rig(to), specOf(guest.name, to, { relay: { mode: 'gang', gang }, ...change }), to)
  return { guest, to, move, heard: new Heard(move) }
}

const beginAll = (all: readonly LabGuest[], to: LabHost, gang: Partial<GangSpec> = {}, change: Partial<MoveSpec> = {}) =>
  Promise.all(all.map((guest, vm) => begin(guest, to, gangSpec(vm, all.length, to, gang), change)))

async function whole(guest: LabGuest, at: LabHost): Promise<void> {
  await until(`${guest.name} to run on ${at.name}`, () => guest.isRunning(at), { deadlineMs: 60_000 })
  expect(await guest.verify(at)).toMatchObject({ bad: 0, badEver: 0 })
}

async function nothingRemains(): Promise<void> {
  closeRigs()
  await agentsGone(lab.hosts, before)
}

function pagesOf({ heard }: Member): PageFigures {
  const last = heard.events.findLast((event): event is Extract<MoveEvent, { kind: 'pages' }> => event.kind === 'pages')
  if (!last) throw new Error('nothing was told of pages')
  return last.pages
}

/** What an agent with nothing to do takes, heap that is yet to be collected included. */
const nodeMiB = 112

function anonymousMiB(pid: number): number {
  return Number(/^RssAnon:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024
}

function coreBytes(heard: Heard): number {
  const last = heard.events.findLast((event) => event.kind === 'pages')
  return last?.kind === 'pages' ? last.pages.bytes.core : 0
}

const onTheirWay = (member: Member) => member.heard.first('pages on their way', (event) => event.kind === 'pages' && event.pages.bytes.fromQemu > 4 * 1024 * 1024)

test('four clones move as one: what they share crosses once, and each has its memory', async () => {
  const members = await beginAll(await clones(4), two!)
  expect(await Promise.all(members.map(({ move }) => move.ended))).toMatchObject(members.map(() => ({ kind: 'succeeded' })))
  for (const { guest } of members) await whole(guest, two!)
  const figures = members.map(pagesOf)
  const sum = (of: (one: PageFigures) => number) => figures.reduce((total, each) => total + of(each), 0)
  expect(sum((each) => each.classes.acrossVms)).toBeGreaterThan(sum((each) => each.classes.unique))
  expect(sum((each) => each.bytes.core)).toBeLessThan(sum((each) => each.bytes.fromQemu) * 0.6)
  expect(sum((each) => each.bytes.toQemu)).toBe(sum((each) => each.bytes.fromQemu))
  await nothingRemains()
})

test('one of a gang is cancelled: it stays, and the others arrive', async () => {
  const members = await beginAll(await clones(3, { rate: 1 }), two!, {}, { limits: limitsOf(6) })
  await Promise.all(members.map(onTheirWay))
  await members[0]!.move.cancel()
  expect(await members[0]!.move.ended).toMatchObject({ kind: 'cancelled' })
  for (const { move } of members) await move.setLimits({ bandwidthMiBps: 1000 }).catch(() => {})
  expect(await Promise.all(members.slice(1).map(({ move }) => move.ended))).toMatchObject([{ kind: 'succeeded' }, { kind: 'succeeded' }])
  await whole(members[0]!.guest, one!)
  for (const { guest } of members.slice(1)) await whole(guest, two!)
  await nothingRemains()
})

const runOn = async (members: readonly Member[], ends: (outcome: MoveOutcome) => void) => {
  for (const { move } of members) ends(await move.ended)
  for (const { guest } of members) {
    await until('the job’s end at the source', async () => !/(migration|unbounded)/i.test(await one!.run(['virsh', '-q', 'domjobinfo', guest.name]).catch(() => '')), { deadlineMs: 60_000 })
    await whole(guest, one!)
  }
}

test('the destination’s agent is killed on the way: all VMs run on at the source', async () => {
  const members = await beginAll(await clones(4, { rate: 1 }), two!, {}, { limits: limitsOf(6) })
  await Promise.all(members.map(onTheirWay))
  process.kill(agentOn(two!), 'SIGKILL')
  await runOn(members, (outcome) => expect(outcome).toMatchObject({ kind: 'failed', whereabouts: { source: 'running' } }))
  await nothingRemains()
}, 600_000)

test('the source’s agent is killed on the way: all VMs run on at the source', async () => {
  const members = await beginAll(await clones(2, { rate: 1 }), two!, {}, { limits: limitsOf(6) })
  await Promise.all(members.map(onTheirWay))
  process.kill(agentOn(one!), 'SIGKILL')
  await runOn(members, (outcome) => expect(outcome).toMatchObject({ kind: 'lost' }))
  // As the app does for a move whose driver is gone.
  for (const { move } of members) await rig(two!).link.closeTunnel(move.job)
  await nothingRemains()
}, 600_000)

test('the cable between the hosts is cut on the way: all VMs run on at the source, and the reason is said', async () => {
  const members = await beginAll(await clones(3, { rate: 1 }), two!, {}, { limits: limitsOf(6) })
  await Promise.all(members.map(onTheirWay))
  await two!.cutLink()
  await Promise.all(members.map(({ heard }) => heard.step('perform', 'failed', 120_000)))
  for (const { guest } of members) await whole(guest, one!)
  await two!.restoreLink()
  await runOn(members, (outcome) => {
    expect(outcome).toMatchObject({ kind: 'failed', whereabouts: { source: 'running' } })
    expect(['pages-lost', 'relay-broken', 'destination-lost']).toContain(outcome.kind === 'failed' && outcome.failure.code)
  })
  await nothingRemains()
}, 600_000)

test('strangers at the port that a gang goes through are refused and counted, with another job’s certificate too, and the gang arrives whole', async () => {
  const members = await beginAll(await clones(2), two!, {}, { limits: limitsOf(8) })
  await Promise.all(members.map(onTheirWay))
  const [stranger] = makeJobIdentities('another-job', ['one', 'two'])
  for (const { port } of (await rig(two!).link.status()).tunnels) {
    const plain = connectTcp({ host: two!.address, port }, () => plain.write('not TLS\n'))
    const { ca, certificate, key } = stranger!.identity
    const foreign = connectTls({ host: two!.address, port, ca, cert: certificate, key, rejectUnauthorized: false, ALPNProtocols: ['drover-pages'] }, () => foreign.write('{"role":"gang","part":"rack","gang":"gang-test-1"}\n'))
    for (const socket of [plain, foreign]) socket.on('error', () => {}).resume()
    await Promise.all([once(plain, 'close'), once(foreign, 'close')])
  }
  const { tunnels } = await rig(two!).link.status()
  for (const { refused } of tunnels) expect(refused).toBeGreaterThanOrEqual(2)
  for (const { move } of members) await move.setLimits({ bandwidthMiBps: 1000 }).catch(() => {})
  expect(await Promise.all(members.map(({ move }) => move.ended))).toMatchObject(members.map(() => ({ kind: 'succeeded' })))
  for (const { guest } of members) await whole(guest, two!)
  await nothingRemains()
})

test('behind a cable of 1 MB/s both agents stay within their bound: the store, 12 MiB a VM, and what Node takes', async () => {
  const storeMiB = 16
  const made = await clones(3, { rate: 1 })
  await two!.shapeLink({ rate: '8mbit' })
  const members = await beginAll(made, two!, { storeMiB })
  const largest = { source: 0, destination: 0 }
  members[0]!.move.onDidHappen(({ kind }) => {
    if (kind !== 'pages') return
    largest.source = Math.max(largest.source, anonymousMiB(agentOn(one!)))
    largest.destination = Math.max(largest.destination, anonymousMiB(agentOn(two!)))
  })
  await until('20 MiB to have crossed', () => members.reduce((sum, { heard }) => sum + coreBytes(heard), 0) > 20 * 1024 * 1024, { deadlineMs: 120_000 })
  for (const { move } of members) await move.cancel()
  for (const { move, guest } of members) {
    expect(await move.ended).toMatchObject({ kind: 'cancelled' })
    await whole(guest, one!)
  }
  await two!.shapeLink({})
  const bound = nodeMiB + storeMiB + 12 * members.length
  expect(largest.source).toBeGreaterThan(0)
  expect(largest.source, JSON.stringify(largest)).toBeLessThan(bound)
  expect(largest.destination, JSON.stringify(largest)).toBeLessThan(bound)
  await nothingRemains()
}, 600_000)

test('the destination’s agent is killed when the source has sent all and the destination has not got it: one copy runs, whole', async () => {
  const [guest] = await clones(1)
  await two!.shapeLink({ rate: '16mbit' })
  const member = await begin(guest!, two!, gangSpec(0, 1, two!))
  await member.heard.step('perform', 'done')
  process.kill(agentOn(two!), 'SIGKILL')
  await two!.shapeLink({})
  // As the app does when it reaches the destination's host again: until then the source's agent waits for it.
  const hasEnded = () => member.heard.events.some(({ kind }) => kind === 'ended')
  const broughtAgain = () => recoverAgentMove(member.move, { destination: rig(two!).link, address: two!.address, ports: [49_600, 49_620] }).then(() => true, () => hasEnded())
  await until('the agent at the destination to be brought again', async () => hasEnded() || (await broughtAgain()), { deadlineMs: 120_000 })
  await member.move.ended
  await until('the guest to run on one host alone', async () => (await Promise.all([guest!.isRunning(one!), guest!.isRunning(two!)])).filter(Boolean).length === 1, { deadlineMs: 120_000, evidence: () => member.heard.trail.join(' ') })
  const at = (await guest!.isRunning(one!)) ? one! : two!
  await whole(guest!, at)
  await nothingRemains()
}, 600_000)

test('post-copy is refused with the reason, and the VM runs on', async () => {
  const [guest] = await clones(1)
  const member = await begin(guest!, two!, gangSpec(0, 1, two!), { technique: 'hybrid', switchPolicy: { when: 'hand' } })
  const ended = await member.move.ended
  expect(ended).toMatchObject({ kind: 'failed', failure: { code: 'gang-postcopy' } })
  await whole(guest!, one!)
  await nothingRemains()
})

test('what a VM that runs at the destination holds is not sent, and that VM loses nothing by being read', async () => {
  const [resident] = await clones(1, {}, two!)
  const sum = (members: readonly Member[], of: (figures: PageFigures) => number) => members.reduce((total, member) => total + of(pagesOf(member)), 0)
  const sent: number[] = []
  await two!.shapeLink({ rate: '250mbit' })
  for (const residentMiB of [0, 64]) {
    const made = await clones(2)
    await using watch = await GuestWatch.start(resident!, [two!])
    const members = await beginAll(made, two!, { residentMiB })
    expect(await Promise.all(members.map(({ move }) => move.ended))).toMatchObject([{ kind: 'succeeded' }, { kind: 'succeeded' }])
    expect(await watch.stop()).toMatchObject({ lost: [], duplicated: [], bad: [] })
    for (const { guest } of members) await whole(guest, two!)
    const known = sum(members, ({ classes }) => classes.alreadyThere)
    const all = sum(members, ({ classes }) => classes.alreadyThere + classes.unique + classes.inVm + classes.acrossVms)
    if (residentMiB === 0) expect(known).toBe(0)
    else expect(known).toBeGreaterThan(all * 0.3)
    sent.push(sum(members, ({ bytes }) => bytes.core))
    for (const { guest } of members) await guest.remove(two!)
  }
  expect(sent[1]).toBeLessThan(sent[0]! * 0.8)
  expect(await resident!.verify(two!)).toMatchObject({ bad: 0, badEver: 0 })
  await two!.shapeLink({})
  await nothingRemains()
}, 600_000)

test('two destinations of one rack: what both need crosses to one, which brings it to the other; with a store far too small it is right all the same', async () => {
  const [first, second, third] = await clones(3)
  const identities = makeJobIdentities(`rack-${count}-job`, ['two', 'three'])
  const [atTwo, atThree] = identities as [(typeof identities)[0], (typeof identities)[0]]
  await rig(three!).transport()
  const { port } = await rig(three!).link.openTunnel({
    job: `rack-${count}-job`,
    address: three!.address,
    ports: [49_640, 49_650],
    identity: atThree.identity,
    peerFingerprints: [atTwo.fingerprint],
    carries: 'pages',
  })
  const reaches: GangSpec['reaches'] = [{ from: two!.name, route: { via: 'tunnel', host: three!.address, port, serverName: atThree.serverName, identity: atTwo.identity } }]
  const members = [await begin(first!, two!, gangSpec(0, 3, two!, { rack: 'a' })), await begin(second!, three!, gangSpec(1, 3, three!, { rack: 'a', reaches, storeMiB: 16 }))]
  expect(await Promise.all(members.map(({ move }) => move.ended))).toMatchObject([{ kind: 'succeeded' }, { kind: 'succeeded' }])
  members.push(await begin(third!, three!, gangSpec(2, 3, three!, { rack: 'a', reaches, storeMiB: 16 })))
  expect(await members[2]!.move.ended).toMatchObject({ kind: 'succeeded' })
  for (const { guest, to } of members) await whole(guest, to)
  const figures = members.map(pagesOf)
  expect(figures[1]!.classes.alreadyThere + figures[2]!.classes.alreadyThere).toBeGreaterThan(2000)
  await rig(three!).link.closeTunnel(`rack-${count}-job`)
  await nothingRemains()
}, 600_000)
