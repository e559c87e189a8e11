import { afterAll, beforeAll, expect, test } from 'vitest'
import { LabGuest } from '../lab/guest.ts'
import { Lab } from '../lab/lab.ts'
import { MoveRig } from './move-rig.ts'
import { evacuation, rowsFor, runEnded, startRun } from './run-rig.ts'

// A host is emptied to two others by one run, and asked itself whether it is empty.

let lab: Lab
let rig: MoveRig
let guests: LabGuest[] = []

beforeAll(async () => {
  lab = await Lab.up({ hosts: [{ hasNode: true }, { hasNode: true }, { hasNode: true }] })
  guests = ['red', 'green', 'off'].map((name) => new LabGuest(lab, { name }))
  await Promise.all(guests.slice(0, 2).map((guest) => guest.start(lab.host(0))))
  await guests[2]!.define(lab.host(0))
  rig = await MoveRig.open({ sshConfig: lab.ssh.configFile, hosts: lab.hosts.map(({ sshAddress }, i) => ({ name: ['a', 'b', 'c'][i]!, address: sshAddress })) })
  await rig.bringAgents()
}, 240_000)
afterAll(async () => {
  await rig?.remove()
  await lab?.down()
})

test('running VMs and one that is off leave the host, which is asked, goes into maintenance, and the history says who, when and why', async () => {
  const rows = await rowsFor(rig, [
    { name: 'red', from: 'a', to: 'b' },
    { name: 'green', from: 'a', to: 'c' },
    { name: 'off', from: 'a', to: 'b', how: 'offline', options: { technique: 'offline' } },
  ])
  const id = await startRun(rig, evacuation(rig, 'a'), rows, { isMaintenance: true, reason: 'a dead fan' })
  expect(rig.hosts.record(rig.idOf('a')).maintenance).toMatchObject({ state: 'entering', reason: 'a dead fan', who: 'tester' })
  const run = await runEnded(rig, id)
  expect(run.state).toMatchObject({ isComplete: true, isCancelled: false, verdict: 'Evacuated: a was asked and has no VM left.', emptiness: { isEmpty: true, left: [] } })
  expect(rig.hosts.record(rig.idOf('a')).maintenance).toMatchObject({ state: 'in' })
  expect((await lab.host(0).virsh(['list', '--all', '--name'])).trim()).toBe('')
  for (const [guest, at] of [[guests[0]!, 1], [guests[1]!, 2]] as const) expect(await guest.verify(lab.host(at))).toMatchObject({ bad: 0, badEver: 0 })
  expect((await lab.host(1).virsh(['domstate', 'off'])).trim()).toBe('shut off')
  const placements = await rig.runParts.store.placements.list({ run: id, text: 'dead fan', limit: 10 })
  expect(placements.map(({ vmName, toName, kind, who }) => ({ vmName, toName, kind, who })).sort((x, y) => x.vmName.localeCompare(y.vmName))).toEqual([
    { vmName: 'green', toName: 'c', kind: 'evacuate', who: 'tester' },
    { vmName: 'off', toName: 'b', kind: 'evacuate', who: 'tester' },
    { vmName: 'red', toName: 'b', kind: 'evacuate', who: 'tester' },
  ])
})
