import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { GangSpec } from '../../src-main/agent/protocol/relay-spec.ts'
import { LabGuest } from '../lab/guest.ts'
import type { GuestSpec } from '../lab/guest-xml.ts'
import type { LabHost } from '../lab/host.ts'
import { Lab } from '../lab/lab.ts'
import { agentsGone, buildAgent, countAll, Heard, RiggedHost, specOf, startOver } from './agent-rig.ts'
import { lastPages, scatter } from './scatter-rig.ts'

// Memory goes through agents of a user who is not root, whom libvirt lets migrate: QEMU's sockets belong to somebody else, and so do its processes.

let lab: Lab
let agent: Awaited<ReturnType<typeof buildAgent>>
let [one, two, three]: LabHost[] = []
let before: Awaited<ReturnType<typeof countAll>>
const guests: LabGuest[] = []
let rigged: RiggedHost[] = []

beforeAll(async () => {
  ;[lab, agent] = await Promise.all([Lab.up({ hosts: [{ hasUser: true }, { hasUser: true }, { hasUser: true }] }), buildAgent()])
  ;[one, two, three] = lab.hosts as [LabHost, LabHost, LabHost]
  before = await countAll(lab.hosts)
})
afterEach(async () => {
  close()
  await Promise.all(guests.splice(0).map((guest) => guest.remove(...lab.hosts)))
})
afterAll(async () => {
  agent?.remove()
  await lab?.down()
})

function close(): void {
  for (const host of rigged) host.close()
  rigged = []
}

async function asUser(): Promise<RiggedHost[]> {
  rigged = lab.hosts.map((host) => new RiggedHost({ sshAddress: host.sshAddress.replace('root@', 'tester@'), address: host.address }, lab.ssh.configFile, agent.bundle))
  await Promise.all(rigged.map((host) => host.transport()))
  for (const { link } of rigged) expect((await link.ready()).uid).not.toBe(0)
  return rigged
}

async function started(name: string, on: LabHost, change: Partial<GuestSpec> = {}): Promise<LabGuest> {
  const guest = new LabGuest(lab, { name, ...change })
  guests.push(guest)
  await guest.start(on)
  return guest
}

async function arrivedWhole(...moved: LabGuest[]): Promise<void> {
  for (const guest of moved) {
    expect(await guest.isRunning(two!)).toBe(true)
    expect(await guest.verify(two!)).toMatchObject({ bad: 0, badEver: 0 })
  }
  close()
  await agentsGone(lab.hosts, before)
}

test.each(['precopy', 'postcopy'] as const)('as it is, by %s', async (technique) => {
  const guest = await started(`user-${technique}`, one!, { rate: 2 })
  const [source, destination] = (await asUser()) as [RiggedHost, RiggedHost]
  const move = await startOver(source, destination, specOf(guest.name, two!, { technique, relay: { mode: 'pass' } }), two!)
  expect(await move.ended).toMatchObject({ kind: 'succeeded' })
  await arrivedWhole(guest)
})

test('as a gang, which is told what a VM at the destination holds', async () => {
  const clone = { patternMiB: 32, privatePercent: 10 }
  const there = await started('user-there', two!, clone)
  const clones = [await started('user-clone-0', one!, clone), await started('user-clone-1', one!, clone)]
  const [source, destination] = (await asUser()) as [RiggedHost, RiggedHost]
  const moves = await Promise.all(
    clones.map((guest, vm) => {
      const gang: GangSpec = { id: 'gang-of-a-user', vm, vms: 2, destination: two!.name, rack: null, reaches: [], storeMiB: 256, residentMiB: 128, bandwidthMiBps: null, switching: 1 }
      return startOver(source, destination, specOf(guest.name, two!, { relay: { mode: 'gang', gang } }), two!)
    }),
  )
  const heard = moves.map((move) => new Heard(move))
  expect(await Promise.all(moves.map((move) => move.ended))).toMatchObject(moves.map(() => ({ kind: 'succeeded' })))
  expect(Math.max(...heard.map((each) => lastPages(each)?.classes.alreadyThere ?? 0))).toBeGreaterThan(1000)
  await arrivedWhole(there, ...clones)
})

test('scattered', async () => {
  const guest = await started('user-scattered', one!, { rate: 2 })
  const [source, destination, depot] = (await asUser()) as [RiggedHost, RiggedHost, RiggedHost]
  const move = await scatter({ source, destination, to: two!, depots: [{ name: three!.name, rigged: depot, host: three! }], spec: specOf(guest.name, two!) })
  expect(await move.ended).toMatchObject({ kind: 'succeeded' })
  await arrivedWhole(guest)
})
