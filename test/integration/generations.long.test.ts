import { afterAll, beforeAll, expect, test } from 'vitest'
import { LabGuest } from '../lab/guest.ts'
import { uuidOf } from '../lab/guest-xml.ts'
import { Lab } from '../lab/lab.ts'
import { MoveRig } from './move-rig.ts'

// Debian 12 (QEMU 7.2, libvirt 9.0) and Debian 13 (QEMU 10.0, libvirt 11.3) side by side.

let lab: Lab
let rig: MoveRig
const old = () => lab.host(0)
const fresh = () => lab.host(1)
const other = () => lab.host(2)

beforeAll(async () => {
  lab = await Lab.up({ hosts: [{ generation: 12 }, { generation: 13 }, { generation: 13 }] })
  rig = await MoveRig.open({ sshConfig: lab.ssh.configFile, hosts: lab.hosts.map(({ name, sshAddress }) => ({ name, address: sshAddress })) })
})
afterAll(async () => {
  await rig?.remove()
  await lab?.down()
})

test('a VM goes from old to new, on to another new one, and back to old with a warning; its memory stays whole', async () => {
  const guest = new LabGuest(lab, { name: 'traveller', patternMiB: 24 })
  await guest.start(old())
  const uuid = uuidOf('traveller')
  for (const [from, to, technique] of [[old(), fresh(), 'precopy'], [fresh(), other(), 'postcopy'], [other(), fresh(), 'hybrid']] as const) {
    const job = await rig.move(uuid, from.name, to.name, { technique })
    expect(job.state, await rig.log(job.id)).toMatchObject({ state: 'succeeded' })
    expect(await guest.verify(to)).toMatchObject({ bad: 0, badEver: 0 })
  }
  const risky = await rig.plan(uuid, fresh().name, other().name, { technique: 'postcopy' })
  const [warned] = await rig.migration.preflight([risky], AbortSignal.timeout(60_000))
  expect(warned?.findings.map(({ code }) => code)).toContain('postcopy-no-recovery')
  const plan = await rig.plan(uuid, fresh().name, old().name)
  const [answer] = await rig.migration.preflight([plan], AbortSignal.timeout(60_000))
  expect(answer?.findings.map(({ code }) => code)).toContain('qemu-older')
  expect(answer?.verdict).toBe('warns')
  const back = await rig.ended(await rig.start(plan))
  expect(back.state, await rig.log(back.id)).toMatchObject({ state: 'succeeded' })
  expect(await guest.verify(old())).toMatchObject({ bad: 0, badEver: 0 })
})

test('a machine type that the old host lacks is refused with the reason, before anything moves', async () => {
  const guest = new LabGuest(lab, { name: 'modern', machine: 'pc-q35-10.0' })
  await guest.start(fresh())
  const plan = await rig.plan(uuidOf('modern'), fresh().name, old().name)
  const [answer] = await rig.migration.preflight([plan], AbortSignal.timeout(60_000))
  expect(answer?.verdict).toBe('blocked')
  expect(answer?.findings.find(({ code }) => code === 'machine-missing')).toMatchObject({ severity: 'error', evidence: expect.stringContaining('pc-q35-7.2') })
  const job = await rig.ended(await rig.start(plan))
  expect(job.state).toMatchObject({ state: 'failed', problem: { code: 'machine-missing' } })
  expect(await guest.isRunning(fresh())).toBe(true)
})
