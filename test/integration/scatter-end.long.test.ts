import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { LabGuest } from '../lab/guest.ts'
import type { HostCount } from '../lab/host.ts'
import { Lab } from '../lab/lab.ts'
import { until } from '../lab/waiting.ts'
import { buildAgent, Heard, RiggedHost, specOf } from './agent-rig.ts'
import { scatter } from './scatter-rig.ts'

// The worst moment for a source's agent to be killed: QEMU has sent its end of stream and waits for SHUT. A break there makes QEMU 10 run its guest again beside the destination's, and hangs QEMU 7.2.

let lab: Lab
/** It dies by its own hand instead of saying SHUT. */
let dying: Awaited<ReturnType<typeof buildAgent>>
let agent: Awaited<ReturnType<typeof buildAgent>>
let before: HostCount[]
const rigged: RiggedHost[] = []
const guests: LabGuest[] = []

beforeAll(async () => {
  ;[lab, agent, dying] = await Promise.all([
    Lab.up({ hosts: [{ generation: 12 }, { generation: 13 }, { generation: 13 }, {}] }),
    buildAgent(),
    buildAgent((path, text) => (path.endsWith('/scatter/scatter-source.ts') ? text.replace('this.#qemu?.shut()', "process.kill(process.pid, 'SIGKILL')") : text)),
  ])
  before = await Promise.all(lab.hosts.map((host) => host.count()))
}, 600_000)
afterEach(async () => {
  for (const host of rigged.splice(0)) host.close()
  await Promise.all(guests.splice(0).map((guest) => guest.remove(...lab.hosts)))
})
afterAll(async () => {
  agent?.remove()
  dying?.remove()
  await lab?.down()
})

test.each([
  ['7.2', 0],
  ['10.0', 1],
] as const)('QEMU %s: the source’s copy never runs again, its holder keeps the connection, and nothing remains once the VM is ended', async (_, at) => {
  const [source, destination, depot] = [lab.host(at), lab.host(2), lab.host(3)]
  const guest = new LabGuest(lab, { name: `end-${at}`, memoryMiB: 128, patternMiB: 32, rate: 2 })
  guests.push(guest)
  await guest.start(source)
  const rigs = [source, destination, depot].map((host, i) => new RiggedHost({ sshAddress: host.sshAddress, address: host.address }, lab.ssh.configFile, i === 0 ? dying.bundle : agent.bundle)) as [RiggedHost, RiggedHost, RiggedHost]
  rigged.push(...rigs)
  await Promise.all(rigs.map((host) => host.transport()))
  const move = await scatter({ source: rigs[0], destination: rigs[1], to: destination, depots: [{ name: depot.name, rigged: rigs[2], host: depot }], spec: specOf(guest.name, destination) })
  const heard = new Heard(move)
  expect(await move.ended, JSON.stringify(heard.trail)).toMatchObject({ kind: 'lost' })
  const holders = () => source.pids().filter(({ argv }) => argv.includes('hold'))
  expect(holders()).toHaveLength(1)
  // Long after QEMU would have noticed a break.
  for (const end = Date.now() + 10_000; Date.now() < end; await new Promise((resolve) => setTimeout(resolve, 500))) expect(await guest.isRunning(source)).toBe(false)
  expect(holders()).toHaveLength(1)
  await guest.remove(source, destination)
  // As the app does when a source's agent is lost.
  for (const { link } of rigs.slice(1)) await link.closeTunnel(move.job)
  for (const host of rigged.splice(0)) host.close()
  for (const [i, host] of lab.hosts.entries()) {
    await until(
      `The end of the agent on ${host.name}`,
      async () => {
        const { agents, listeners } = await host.count()
        return agents === 0 && listeners.every((port) => before[i]?.listeners.includes(port))
      },
      { deadlineMs: 90_000 },
    )
  }
})
