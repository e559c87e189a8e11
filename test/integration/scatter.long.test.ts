import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { MoveSpec } from '../../src-main/agent/protocol/move-spec.ts'
import { LabGuest } from '../lab/guest.ts'
import type { GuestSpec } from '../lab/guest-xml.ts'
import type { HostCount, LabHost } from '../lab/host.ts'
import { Lab } from '../lab/lab.ts'
import { until } from '../lab/waiting.ts'
import { buildAgent, Heard, RiggedHost, specOf } from './agent-rig.ts'
import { lastPages, scatter, type ScatterRequest } from './scatter-rig.ts'

// Memory that is scattered over depots, on real hosts: one source, one destination, three depots; guests check their own memory.

let lab: Lab
let agent: Awaited<ReturnType<typeof buildAgent>>
let [one, two]: LabHost[] = []
let before: HostCount[]
let count = 0
const guests: LabGuest[] = []
const rigged = new Map<LabHost, RiggedHost>()

beforeAll(async () => {
  ;[lab, agent] = await Promise.all([Lab.up({ hosts: [{}, {}, {}, {}, {}] }), buildAgent()])
  ;[one, two] = lab.hosts as [LabHost, LabHost]
  before = await Promise.all(lab.hosts.map((host) => host.count()))
})
afterEach(async () => {
  closeRigs()
  await Promise.all(lab.hosts.map((host) => host.restoreLink().catch(() => {})))
  await Promise.all(lab.hosts.map((host) => host.shapeLink({}).catch(() => {})))
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

async function begin(change: Partial<ScatterRequest> = {}, guestChange: Partial<GuestSpec> = {}, specChange: Partial<MoveSpec> = {}) {
  const guest = new LabGuest(lab, { name: `scatter-${++count}`, memoryMiB: 256, patternMiB: 128, rate: 2, ...guestChange })
  guests.push(guest)
  await guest.start(one!)
  await Promise.all(lab.hosts.map((host) => rig(host).transport()))
  const depots = lab.hosts.slice(2).map((host) => ({ name: host.name, rigged: rig(host), host }))
  const move = await scatter({ source: rig(one!), destination: rig(two!), to: two!, depots, spec: specOf(guest.name, two!, specChange), ...change })
  return { guest, move, heard: new Heard(move) }
}

async function whole(guest: LabGuest, at: LabHost): Promise<void> {
  await until(`${guest.name} to run on ${at.name}`, () => guest.isRunning(at), { deadlineMs: 60_000 })
  expect(await guest.verify(at)).toMatchObject({ bad: 0, badEver: 0 })
}

async function nothingRemains(): Promise<void> {
  closeRigs()
  for (const [i, host] of lab.hosts.entries()) {
    await until(
      `The end of the agent on ${host.name}`,
      async () => {
        const { agents, listeners } = await host.count()
        return agents === 0 && listeners.every((port) => before[i]?.listeners.includes(port))
      },
      { deadlineMs: 60_000 },
    )
  }
}

test('the source is free long before the destination has all memory, and nothing is lost', async () => {
  await two!.shapeLink({ rate: '50mbit' })
  const { guest, heard, move } = await begin()
  await heard.first('the mark', (event) => event.kind === 'pages' && event.pages.mayPowerOff)
  const atMark = lastPages(heard)
  expect(heard.trail).toContain('confirm done')
  expect(heard.trail).not.toContain('finish done')
  expect(await move.ended).toMatchObject({ kind: 'succeeded' })
  expect(atMark?.backlog).toBeGreaterThan(5000)
  expect(lastPages(heard)).toMatchObject({ backlog: 0, mayPowerOff: true })
  await whole(guest, two!)
  expect((await one!.virsh(['list', '--all', '--name'])).trim()).toBe('')
  await nothingRemains()
})
