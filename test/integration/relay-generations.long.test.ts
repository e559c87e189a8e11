import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { LabGuest } from '../lab/guest.ts'
import type { LabHost } from '../lab/host.ts'
import { Lab } from '../lab/lab.ts'
import { buildAgent, Heard, limitsOf, RiggedHost, specOf, startOver } from './agent-rig.ts'

// Debian 12 (QEMU 7.2, libvirt 9.0) and Debian 13 (QEMU 10.0, libvirt 11.3), whose libvirt turns on postcopy-preempt and switchover-ack by itself.

let lab: Lab
let agent: Awaited<ReturnType<typeof buildAgent>>
const rigged = new Map<LabHost, RiggedHost>()
const guests: LabGuest[] = []

beforeAll(async () => {
  ;[lab, agent] = await Promise.all([Lab.up({ hosts: [{ generation: 12 }, { generation: 13 }, { generation: 13 }] }), buildAgent()])
  for (const host of lab.hosts) rigged.set(host, new RiggedHost({ sshAddress: host.sshAddress, address: host.address }, lab.ssh.configFile, agent.bundle))
  await Promise.all([...rigged.values()].map((host) => host.transport()))
})
afterEach(async () => {
  await Promise.all(guests.splice(0).map((guest) => guest.remove(...lab.hosts)))
})
afterAll(async () => {
  for (const host of rigged.values()) host.close()
  agent?.remove()
  await lab?.down()
})

test.each([
  ['old to new', 0, 1],
  ['new to new', 1, 2],
] as const)('%s, by pre-copy, post-copy and hybrid, the stream goes through both agents', async (what, from, to) => {
  const [source, destination] = [lab.host(from), lab.host(to)]
  for (const technique of ['precopy', 'postcopy', 'hybrid'] as const) {
    const guest = new LabGuest(lab, { name: `gen-${from}${to}-${technique}`, rate: 2 })
    guests.push(guest)
    await guest.start(source)
    const spec = specOf(guest.name, destination, { technique, switchPolicy: { when: 'time', seconds: 1 }, limits: limitsOf(20), relay: { mode: 'pass' } })
    const move = await startOver(rigged.get(source)!, rigged.get(destination)!, spec, destination)
    const heard = new Heard(move)
    expect(await move.ended, `${what} ${technique}`).toMatchObject({ kind: 'succeeded' })
    const last = heard.events.findLast((event) => event.kind === 'pages')
    expect(last?.kind === 'pages' && last.pages.bytes.fromQemu).toBeGreaterThan(20 * 1024 * 1024)
    expect(await guest.isRunning(destination)).toBe(true)
    expect(await guest.verify(destination)).toMatchObject({ bad: 0, badEver: 0 })
    await rigged.get(source)!.link.forget(spec.job)
  }
})

test.each([
  ['old to new', 0, 1],
  ['new to new', 1, 2],
] as const)('%s, three clones as a gang: what they share crosses once, and each has its memory', async (_, from, to) => {
  const [source, destination] = [lab.host(from), lab.host(to)]
  const clones = Array.from({ length: 3 }, (_, i) => new LabGuest(lab, { name: `gen-gang-${from}${to}-${i}`, patternMiB: 32, privatePercent: 10, rate: 1 }))
  guests.push(...clones)
  for (const guest of clones) await guest.start(source)
  const shared = { id: `gang-gen-${from}${to}`, vms: clones.length, destination: destination.name, rack: null, reaches: [], storeMiB: 256, residentMiB: 0, bandwidthMiBps: null, switching: 2 }
  const moves = await Promise.all(
    clones.map((guest, vm) => startOver(rigged.get(source)!, rigged.get(destination)!, specOf(guest.name, destination, { relay: { mode: 'gang', gang: { ...shared, vm } } }), destination)),
  )
  const heards = moves.map((move) => new Heard(move))
  expect(await Promise.all(moves.map(({ ended }) => ended))).toMatchObject(moves.map(() => ({ kind: 'succeeded' })))
  for (const guest of clones) {
    expect(await guest.isRunning(destination)).toBe(true)
    expect(await guest.verify(destination)).toMatchObject({ bad: 0, badEver: 0 })
  }
  const [core, fromQemu] = (['core', 'fromQemu'] as const).map((key) =>
    heards.reduce((sum, { events }) => {
      const last = events.findLast((event) => event.kind === 'pages')
      return sum + (last?.kind === 'pages' ? last.pages.bytes[key] : 0)
    }, 0),
  ) as [number, number]
  expect(core).toBeLessThan(fromQemu * 0.7)
  for (const { job } of moves) await rigged.get(source)!.link.forget(job)
})
