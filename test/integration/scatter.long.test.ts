import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { MoveSpec } from '../../src-main/agent/protocol/move-spec.ts'
import { LabGuest } from '../lab/guest.ts'
import { GuestWatch } from '../lab/guest-watch.ts'
import type { GuestSpec } from '../lab/guest-xml.ts'
import type { LabHost } from '../lab/host.ts'
import { Lab } from '../lab/lab.ts'
import { until } from '../lab/waiting.ts'
import type { RemoteMove } from '../../src-main/features/host/agent/remote-move.ts'
import { recoverAgentMove } from '../../src-main/features/host/agent/agent-move.ts'
import { agentOn, agentsGone, buildAgent, countAll, Heard, RiggedHost, specOf } from './agent-rig.ts'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { lastPages, scatter, type ScatterRequest } from './scatter-rig.ts'

// Memory that is scattered over depots, on real hosts: one source, one destination, three depots; guests check their own memory.

let lab: Lab
let agent: Awaited<ReturnType<typeof buildAgent>>
let [one, two]: LabHost[] = []
let before: Awaited<ReturnType<typeof countAll>>
let count = 0
const guests: LabGuest[] = []
const rigged = new Map<LabHost, RiggedHost>()

beforeAll(async () => {
  ;[lab, agent] = await Promise.all([Lab.up({ hosts: [{}, {}, {}, {}, {}] }), buildAgent()])
  ;[one, two] = lab.hosts as [LabHost, LabHost]
  before = await countAll(lab.hosts)
})
afterEach(async () => {
  closeRigs()
  await Promise.all(lab.hosts.map((host) => host.restoreLink().catch(() => {})))
  await Promise.all(lab.hosts.map((host) => host.shapeLink({}).catch(() => {})))
  // One of them may be off.
  await Promise.all(guests.splice(0).flatMap((guest) => lab.hosts.map((host) => guest.remove(host).catch(() => {}))))
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

async function begin(change: Partial<ScatterRequest> = {}, guestChange: Partial<GuestSpec> = {}, specChange: Partial<MoveSpec> = {}, started: (guest: LabGuest) => Promise<unknown> = () => Promise.resolve()) {
  const guest = new LabGuest(lab, { name: `scatter-${++count}`, memoryMiB: 256, patternMiB: 128, rate: 2, ...guestChange })
  guests.push(guest)
  await guest.start(one!)
  await started(guest)
  await Promise.all(lab.hosts.map((host) => rig(host).transport()))
  const depots = lab.hosts.slice(2).map((host) => ({ name: host.name, rigged: rig(host), host }))
  const move = await scatter({ source: rig(one!), destination: rig(two!), to: two!, depots, spec: specOf(guest.name, two!, specChange), ...change })
  return { guest, move, heard: new Heard(move) }
}

async function whole(guest: LabGuest, at: LabHost): Promise<void> {
  await until(`${guest.name} to run on ${at.name}`, () => guest.isRunning(at), { deadlineMs: 60_000 })
  expect(await guest.verify(at)).toMatchObject({ bad: 0, badEver: 0 })
}

async function nothingRemains(hosts = lab.hosts): Promise<void> {
  closeRigs()
  await agentsGone(hosts, before)
}

async function running(guest: LabGuest): Promise<string[]> {
  const all = await Promise.all(lab.hosts.map(async (host) => ((await guest.isRunning(host).catch(() => false)) ? [host.name] : [])))
  return all.flat()
}

const mark = (heard: Heard) => heard.first('the mark', (event) => event.kind === 'pages' && event.pages.mayPowerOff)
/** Pages are at depots, more are to come, and the guest runs at the destination: until Finish has reached the daemon there it would end the VM with its client. */
async function scattering(guest: LabGuest, heard: Heard): Promise<void> {
  await heard.first('pages at depots', (event) => event.kind === 'pages' && event.pages.depots.some(({ pages }) => pages > 500))
  await using watch = await GuestWatch.start(guest, lab.hosts)
  await watch.ticks(1)
}

/** As the app does when it reaches the destination's host again. */
async function carryOn(move: RemoteMove, heard: Heard): Promise<void> {
  await heard.first('the want of recovery', (event) => event.kind === 'recovering' || (event.kind === 'log' && event.level === 'warning'))
  await until(
    'the agent at the destination to be brought again',
    async () => {
      try {
        await recoverAgentMove(move, { destination: rig(two!).link, address: two!.address, ports: [49_600, 49_620] })
        return true
      } catch {
        return heard.events.some(({ kind }) => kind === 'ended')
      }
    },
    { deadlineMs: 60_000 },
  )
}

/** Of an agent: what it and its tunnels said. */
function logOf(host: LabHost): string {
  const folder = host.onMachine('/root/.cache/drover')
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.log')) : []
  return names.map((name) => readFileSync(`${folder}/${name}`, 'utf8')).join()
}

test('the source is free long before the destination has all memory, and nothing is lost', async () => {
  let watch: GuestWatch | null = null as GuestWatch | null
  await two!.shapeLink({ rate: '50mbit' })
  const { guest, heard, move } = await begin({}, {}, {}, async (started) => (watch = await GuestWatch.start(started, lab.hosts)))
  await mark(heard)
  const atMark = lastPages(heard)
  expect(heard.trail).toContain('confirm done')
  expect(heard.trail).not.toContain('finish done')
  expect(await move.ended).toMatchObject({ kind: 'succeeded' })
  const report = await watch!.stop()
  expect(report).toMatchObject({ duplicated: [], changesOfHost: 1, bad: [] })
  console.log(`downtime ${report.moveGapMs?.toFixed(0)} ms, longest silence ${report.gapMs.toFixed(0)} ms, ${atMark?.backlog} pages to gather at the mark`)
  expect(atMark?.backlog).toBeGreaterThan(5000)
  expect(lastPages(heard)).toMatchObject({ backlog: 0, mayPowerOff: true })
  await whole(guest, two!)
  expect((await one!.virsh(['list', '--all', '--name'])).trim()).toBe('')
  await nothingRemains()
})

test('a guest of 1 GiB that writes all the while arrives whole', async () => {
  await two!.shapeLink({ rate: '200mbit' })
  const { guest, heard, move } = await begin({}, { memoryMiB: 1024, patternMiB: 768, rate: 8, hotMiB: 128 })
  await heard.first('the mark', (event) => event.kind === 'pages' && event.pages.mayPowerOff, 120_000)
  const atMark = lastPages(heard)
  expect(await move.ended).toMatchObject({ kind: 'succeeded' })
  const { dirtied } = await guest.verify(two!)
  expect(dirtied).toBeGreaterThan(0)
  console.log(`${atMark?.backlog} pages to gather at the mark, faults ${JSON.stringify(lastPages(heard)?.faults)}`)
  expect(atMark?.backlog).toBeGreaterThan(50_000)
  await whole(guest, two!)
  await nothingRemains()
})

test('a depot is killed before the switch: the VM runs on at the source, or goes on without it', async () => {
  const { guest, heard, move } = await begin({ replicas: 2 })
  await heard.step('begin', 'started')
  process.kill(agentOn(lab.hosts[2]!), 'SIGKILL')
  const ended = await move.ended
  if (ended.kind !== 'succeeded') expect(ended).toMatchObject({ kind: 'failed', whereabouts: { source: 'running' } })
  await whole(guest, ended.kind === 'succeeded' ? two! : one!)
  expect(await running(guest)).toHaveLength(1)
  await nothingRemains()
})

test.each([2, 1])('a depot is killed after the switch, with %i replicas: the VM lives, or its loss is said', async (replicas) => {
  await two!.shapeLink({ rate: '60mbit' })
  const { guest, heard, move } = await begin({ replicas })
  await mark(heard)
  process.kill(agentOn(lab.hosts[2]!), 'SIGKILL')
  const ended = await move.ended
  if (replicas === 2) {
    expect(ended).toMatchObject({ kind: 'succeeded' })
    await whole(guest, two!)
  } else {
    expect(JSON.stringify(heard.events)).toContain('only copy was on a host that is gone')
    expect(ended, JSON.stringify(ended)).toMatchObject({ kind: 'failed', failure: { code: 'scatter-pages-lost' } })
    expect((await running(guest)).length).toBeLessThan(2)
    // QEMU there listens on, for a recovery that cannot come.
    await guest.remove(...lab.hosts)
  }
  expect(lastPages(heard)?.depots.map(({ state }) => state)).toContain('lost')
  await nothingRemains()
})

test('a depot that returns wrong bytes is not believed: its replicas are used', async () => {
  await two!.shapeLink({ rate: '60mbit' })
  const wrong = await buildAgent((path, text) => (path.endsWith('/scatter/depot.ts') ? text.replace('link.send(writeHeader(bytes, frames.sealed', 'bytes[bytes.length - 9] ^= 1; link.send(writeHeader(bytes, frames.sealed') : text))
  try {
    const hostile = lab.hosts[3]!
    rigged.set(hostile, new RiggedHost({ sshAddress: hostile.sshAddress, address: hostile.address }, lab.ssh.configFile, wrong.bundle))
    const { guest, heard, move } = await begin({ replicas: 2 })
    expect(await move.ended).toMatchObject({ kind: 'succeeded' })
    expect(lastPages(heard)?.depots.map(({ state }) => state)).toEqual(['up', 'distrusted', 'up'])
    await whole(guest, two!)
    await nothingRemains()
  } finally {
    wrong.remove()
  }
})

test('the destination’s agent is killed while memory is scattered: the post-copy is carried on from the source, and the VM arrives whole', async () => {
  await one!.shapeLink({ rate: '80mbit' })
  const { guest, heard, move } = await begin({}, { memoryMiB: 512, patternMiB: 320 })
  await scattering(guest, heard)
  process.kill(agentOn(two!), 'SIGKILL')
  await carryOn(move, heard)
  expect(await move.ended, JSON.stringify(heard.events.filter(({ kind }) => kind === 'log' || kind === 'recovering' || kind === 'step'))).toMatchObject({ kind: 'succeeded' })
  await whole(guest, two!)
  await nothingRemains()
})

test('the destination’s agent is killed once the source has let go: as foretold the VM is lost, and that is said', async () => {
  await two!.shapeLink({ rate: '40mbit' })
  const { guest, heard, move } = await begin()
  await mark(heard)
  process.kill(agentOn(two!), 'SIGKILL')
  await carryOn(move, heard)
  const ended = await move.ended
  expect(ended, JSON.stringify(ended)).toMatchObject({ kind: 'failed', whereabouts: { verdict: expect.stringContaining('The VM is lost') as string } })
  // libvirt calls it running, with the reason that its post-copy failed.
  expect((await running(guest)).length).toBeLessThan(2)
})

test('the source’s agent is killed while memory is scattered: both copies stand still, so that the post-copy can be resumed', async () => {
  await one!.shapeLink({ rate: '80mbit' })
  const { guest, heard, move } = await begin({}, { memoryMiB: 512, patternMiB: 320 })
  await scattering(guest, heard)
  process.kill(agentOn(one!), 'SIGKILL')
  expect(await move.ended).toMatchObject({ kind: 'lost' })
  // The destination's agent gives the source's some time to come back before its QEMU sees the break.
  for (const host of [one!, two!]) await until(`${host.name} to pause`, async () => /post-copy failed/.test(await host.virsh(['domstate', '--reason', guest.name])), { deadlineMs: 60_000 })
  expect((await running(guest)).length).toBeLessThan(2)
  await one!.shapeLink({})
  await one!.virsh(['migrate', '--live', '--postcopy', '--postcopy-resume', '--persistent', '--undefinesource', guest.name, `qemu+ssh://root@${two!.name}/system`, '--migrateuri', `tcp://${two!.address}`])
  await whole(guest, two!)
  // As the app does when a source's agent is lost; else they close when nobody came for a quarter of an hour.
  for (const host of lab.hosts.slice(1)) await rig(host).link.closeTunnel(move.job)
  await nothingRemains()
})

test('an agent holds no more than its bound while the destination takes 1 MiB a second', async () => {
  const { heard } = await begin({ gatherMiBps: 1 })
  const peak = new Map<string, number>()
  const look = setInterval(() => {
    for (const host of lab.hosts.slice(0, 2)) {
      const rss = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${agentOn(host)}/status`, 'utf8'))?.[1] ?? 0) / 1024
      peak.set(host.name, Math.max(peak.get(host.name) ?? 0, rss))
    }
  }, 100)
  await mark(heard)
  await heard.first('some gathering', (event) => event.kind === 'pages' && event.pages.bytes.toQemu > 12e6)
  clearInterval(look)
  console.log('peak RSS, MiB', [...peak.entries()])
  for (const [, rss] of peak) expect(rss).toBeLessThan(320)
})

test.each(['switch done', 'perform done', 'finish started', 'confirm started', 'confirm done'])('the desktop and all its SSH go at %s: the VM completes without it', async (point) => {
  await two!.shapeLink({ rate: '100mbit' })
  const { guest, heard } = await begin({}, { memoryMiB: 128, patternMiB: 32 })
  const [step, state] = point.split(' ') as [string, string]
  await heard.step(step, state)
  closeRigs()
  await until('the source to be empty', async () => (await one!.virsh(['list', '--all', '--name'])).trim() === '', { deadlineMs: 90_000 })
  await whole(guest, two!)
  await nothingRemains()
})

test('the destination is cut off after the mark until its connections are dead: it dials the depots again, and the VM completes', async () => {
  await two!.shapeLink({ rate: '40mbit' })
  const { guest, heard } = await begin()
  await mark(heard)
  await two!.cutLink()
  // One that nothing was under way on goes by itself after a quarter of a minute, the others after a quarter of an hour.
  for (const depot of lab.hosts.slice(2)) await two!.run(['ss', '-K', 'dst', depot.address])
  for (const depot of lab.hosts.slice(2)) await until(`${depot.name} to be away`, () => logOf(two!).includes(`${depot.name} is away`), { deadlineMs: 60_000 })
  await two!.restoreLink()
  await until('all memory at the destination', async () => !/post-copy/.test(await two!.virsh(['domstate', '--reason', guest.name])), { deadlineMs: 180_000 })
  await whole(guest, two!)
  await nothingRemains()
})

// What QEMU has sent and no depot has acknowledged is with the source's agent alone then. The agent cuts the link itself, before it has said a word of QEMU's end to the destination.
test.each(['silent, longer than is waited for a word', 'reset at both ends'])('the link between source and destination is cut between QEMU’s end of stream and the mark, %s: it is dialled again, and the VM completes', async (how) => {
  const route = ['blackhole', `${two!.address}/32`]
  const commands = [`ip route add ${route.join(' ')}`, ...(how.startsWith('reset') ? [`ss -K dst ${two!.address}`] : [])].join('; ')
  const cutting = await buildAgent((path, text) =>
    path.endsWith('/scatter/scatter-source.ts')
      ? text.replace('this.#way.tell(frame(frames.drained))', `process.getBuiltinModule('node:child_process').execFileSync('/bin/sh', ['-c', ${JSON.stringify(commands)}]); this.#options.log('warning', 'drill: the link is cut'); $&`)
      : text,
  )
  try {
    rigged.set(one!, new RiggedHost({ sshAddress: one!.sshAddress, address: one!.address }, lab.ssh.configFile, cutting.bundle))
    // Finish has long been with the destination's daemon when QEMU has sent all: before that the VM is in libvirt's own hands.
    await one!.shapeLink({ rate: '200mbit' })
    await two!.shapeLink({ rate: '60mbit' })
    const told = (text: string) => logOf(one!).split(text).length
    const [cuts, aways, backs] = ['drill: the link is cut', 'the destination is away', 'the destination is back'].map(told) as [number, number, number]
    const { guest, heard, move } = await begin()
    await until('the cut', () => told('drill: the link is cut') > cuts, { deadlineMs: 60_000 })
    await heard.step('finish', 'started')
    if (how.startsWith('reset')) await two!.run(['ss', '-K', 'dst', one!.address])
    await until('the source to notice', () => told('the destination is away') > aways, { deadlineMs: 60_000 })
    expect(heard.trail).not.toContain('confirm done')
    expect(lastPages(heard)?.mayPowerOff).toBe(false)
    await one!.run(['ip', 'route', 'del', ...route])
    expect(await move.ended, JSON.stringify(heard.trail)).toMatchObject({ kind: 'succeeded' })
    expect(told('the destination is back')).toBeGreaterThan(backs)
    await whole(guest, two!)
    expect(await running(guest)).toEqual([two!.name])
    await nothingRemains()
  } finally {
    await one!.run(['ip', 'route', 'del', ...route]).catch(() => {})
    cutting.remove()
  }
})

test('the source’s host is gone right at the mark: the VM lives', async () => {
  await two!.shapeLink({ rate: '60mbit' })
  const { guest, heard } = await begin()
  await mark(heard)
  await one!.destroy()
  closeRigs()
  await until('all memory at the destination', async () => !/post-copy/.test(await two!.virsh(['domstate', '--reason', guest.name])), { deadlineMs: 120_000 })
  await whole(guest, two!)
  await nothingRemains(lab.hosts.slice(1))
})
