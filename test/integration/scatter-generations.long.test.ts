import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { LabGuest } from '../lab/guest.ts'
import { Lab } from '../lab/lab.ts'
import { agentsGone, buildAgent, countAll, Heard, RiggedHost, specOf } from './agent-rig.ts'
import { lastPages, scatter } from './scatter-rig.ts'

// Memory that is scattered from QEMU 7.2 (libvirt 9.0) to QEMU 10.0 (libvirt 11.3), and between two of the newer ones; the depots are of either kind.

let lab: Lab
let agent: Awaited<ReturnType<typeof buildAgent>>
let before: Awaited<ReturnType<typeof countAll>>
const rigged: RiggedHost[] = []
const guests: LabGuest[] = []

beforeAll(async () => {
  ;[lab, agent] = await Promise.all([Lab.up({ hosts: [{ generation: 12 }, { generation: 13 }, { generation: 13 }, { generation: 12 }] }), buildAgent()])
  before = await countAll(lab.hosts)
}, 600_000)
afterEach(async () => {
  for (const host of rigged.splice(0)) host.close()
  await Promise.all(lab.hosts.map((host) => host.shapeLink({}).catch(() => {})))
  await Promise.all(guests.splice(0).map((guest) => guest.remove(...lab.hosts)))
})
afterAll(async () => {
  agent?.remove()
  await lab?.down()
})

test.each([
  ['old to new', 'idle', 0, 1],
  ['old to new', 'writing', 0, 1],
  ['new to new', 'idle', 1, 2],
  ['new to new', 'writing', 1, 2],
] as const)('%s, a guest that is %s: scattered over depots of both kinds it arrives whole', async (_, kind, from, to) => {
  const [source, destination] = [lab.host(from), lab.host(to)]
  await destination.shapeLink({ rate: '80mbit' })
  const guest = new LabGuest(lab, { name: `scatter-${from}${to}-${kind}`, memoryMiB: 256, patternMiB: 160, ...(kind === 'writing' ? { rate: 20, hotMiB: 48 } : { rate: 0 }) })
  guests.push(guest)
  await guest.start(source)
  const rigs = lab.hosts.map((host) => new RiggedHost({ sshAddress: host.sshAddress, address: host.address }, lab.ssh.configFile, agent.bundle))
  rigged.push(...rigs)
  await Promise.all(rigs.map((host) => host.transport()))
  const depots = lab.hosts.flatMap((host, i) => (host === source || host === destination ? [] : [{ name: host.name, rigged: rigs[i] as RiggedHost, host }]))
  const move = await scatter({ source: rigs[from]!, destination: rigs[to]!, to: destination, depots, replicas: 2, spec: specOf(guest.name, destination) })
  const heard = new Heard(move)
  await heard.first('the mark', (event) => event.kind === 'pages' && event.pages.mayPowerOff)
  // Most of it is with the depots when the source is free.
  expect(lastPages(heard)?.backlog).toBeGreaterThan(5000)
  expect(await move.ended, JSON.stringify(heard.trail)).toMatchObject({ kind: 'succeeded' })
  expect(await guest.isRunning(destination)).toBe(true)
  expect(await guest.verify(destination)).toMatchObject({ bad: 0, badEver: 0 })
  expect((await source.virsh(['list', '--all', '--name'])).trim()).toBe('')
  for (const host of rigged.splice(0)) host.close()
  await agentsGone(lab.hosts, before)
})
