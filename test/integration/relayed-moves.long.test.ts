import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { Job } from '../../src-main/contract/job.ts'
import { LabGuest } from '../lab/guest.ts'
import { uuidOf } from '../lab/guest-xml.ts'
import type { LabHost } from '../lab/host.ts'
import { Lab } from '../lab/lab.ts'
import { MoveRig } from './move-rig.ts'

// Moves whose memory goes through the agents, as the program above them starts, follows and records them. The roles themselves are tried in tests of their own.

let lab: Lab
let rig: MoveRig
let [one, two]: LabHost[] = []
const guests: LabGuest[] = []

beforeAll(async () => {
  lab = await Lab.up({ hosts: [{ hasNode: true }, { hasNode: true }, { hasNode: true }] })
  ;[one, two] = lab.hosts as [LabHost, LabHost]
  rig = await MoveRig.open({ sshConfig: lab.ssh.configFile, hosts: lab.hosts.map((host, i) => ({ name: ['one', 'two', 'three'][i] ?? '', address: host.sshAddress })) })
  await rig.bringAgents()
}, 240_000)
afterEach(async () => {
  for (const guest of guests.splice(0)) await guest.remove(...lab.hosts)
})
afterAll(async () => {
  await rig?.remove()
  await lab?.down()
})

async function guestOn(host: LabHost, name: string): Promise<LabGuest> {
  const guest = new LabGuest(lab, { name, patternMiB: 32, privatePercent: 10 })
  guests.push(guest)
  await guest.start(host)
  return guest
}

async function succeeded(id: string): Promise<Job> {
  const job = await rig.ended(id)
  expect(job.state, `${JSON.stringify(job.state)}\n${await rig.log(id)}`).toMatchObject({ state: 'succeeded' })
  return job
}

async function gangOf(names: readonly string[]) {
  const moves = await Promise.all(names.map(async (name) => ({ job: `job-${name}`, plan: await rig.plan(uuidOf(name), 'one', 'two', { technique: 'gang' }) })))
  for (const answer of await rig.migration.preflight(moves.map(({ plan }) => plan), AbortSignal.timeout(60_000))) expect(answer.verdict, JSON.stringify(answer.findings)).not.toBe('blocked')
  return moves
}

test('VMs that are started together are one gang: what they share crosses once, and their jobs say so', async () => {
  const names = ['gang-a', 'gang-b', 'gang-c']
  for (const name of names) await guestOn(one!, name)
  const moves = await gangOf(names)
  const [shared] = await rig.migration.sharing(moves.map(({ plan }) => plan.vm), AbortSignal.timeout(60_000))
  expect(shared, JSON.stringify(shared)).toMatchObject({ kind: 'estimated', vms: 3 })
  // Clones from one image, with a pattern that nine tenths of share.
  expect((shared as { acrossVms: [number, number] }).acrossVms[1]).toBeGreaterThan(0.02)
  await rig.migration.start(moves)
  const jobs = await Promise.all(moves.map(({ job }) => succeeded(job)))
  for (const guest of guests) expect(await guest.verify(two!)).toMatchObject({ bad: 0, badEver: 0 })
  expect(jobs.map(({ gang }) => gang)).toEqual(names.map((_, index) => ({ id: 'gang-job-gang-a', size: 3, index, destinations: [rig.idOf('two')] })))
  const sum = (of: (pages: NonNullable<Job['pages']>) => number) => jobs.reduce((total, { pages }) => total + (pages ? of(pages) : 0), 0)
  expect(sum(({ classes }) => classes.acrossVms)).toBeGreaterThan(0)
  expect(sum(({ bytes }) => bytes.core)).toBeLessThan(sum(({ bytes }) => bytes.fromQemu))
  for (const { state, pages } of jobs) expect(state).toMatchObject({ result: { bytes: pages!.bytes.core } })
}, 180_000)

test('a scattered VM arrives whole, and its job has both clocks, its depots, and what it said beforehand', async () => {
  const guest = await guestOn(one!, 'scattered')
  const plan = await rig.plan(uuidOf('scattered'), 'one', 'two', { technique: 'scatter', replicas: 1 })
  const [answer] = await rig.migration.preflight([plan], AbortSignal.timeout(60_000))
  expect(answer).toMatchObject({ depots: [{ name: 'three' }], forecast: { sourceFreeSeconds: [expect.any(Number), expect.any(Number)] } })
  expect(answer!.findings.map(({ code }) => code)).toContain('depots-one-replica')
  const job = await succeeded(await rig.start(plan))
  expect(await guest.verify(two!)).toMatchObject({ bad: 0, badEver: 0 })
  // The VM is complete after the source is free, and is told so.
  expect(job.pages!.sourceFreeMs!).toBeLessThanOrEqual((job.state as { result: { totalMs: number } }).result.totalMs)
  expect(job.pages).toMatchObject({ sourceFreeMs: expect.any(Number), mayPowerOff: true, depots: [{ name: 'three', state: 'up' }] })
}, 180_000)

test('two replicas are refused where one host can be a depot, with the way out', async () => {
  await guestOn(one!, 'refused')
  const plan = await rig.plan(uuidOf('refused'), 'one', 'two', { technique: 'scatter' })
  const [answer] = await rig.migration.preflight([plan], AbortSignal.timeout(60_000))
  expect(answer).toMatchObject({ verdict: 'blocked', findings: expect.arrayContaining([expect.objectContaining({ code: 'depots-few', fix: { kind: 'option', label: 'Keep one replica', options: { replicas: 1 } } })]) })
}, 60_000)
