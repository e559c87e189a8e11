import { afterAll, beforeAll, expect, it } from 'vitest'
import { smallLab, WorldRig } from '../../src-main/twin/world.fixture.ts'
import { LabGuest } from '../lab/guest.ts'
import { uuidOf } from '../lab/guest-xml.ts'
import { Lab } from '../lab/lab.ts'
import { LibvirtRig } from './libvirt-rig.ts'
import { protocolScript, type Side } from './protocol-script.ts'

// The client's protocol, once with real daemons and once with simulated ones: every answer, error, event and outcome must be the same.

const name = 'agree'
let lab: Lab
let rig: LibvirtRig
let world: WorldRig

beforeAll(async () => {
  lab = await Lab.up({ hosts: [{}, {}] })
  rig = new LibvirtRig()
  world = new WorldRig(smallLab({ name, memoryMiB: 96, usedMiB: 60, vcpus: 1 }), { speed: 2 })
})
afterAll(async () => {
  rig?.close()
  world?.close()
  await lab?.down()
})

it('gets the same answers from the twin as from libvirtd', async () => {
  const ends = { left: lab.host(0), right: lab.host(1) }
  const guest = new LabGuest(lab, { name })
  await guest.start(ends.left)
  const real: Side = { domain: { name, uuid: uuidOf(name), id: -1 }, open: (end, options) => rig.open(ends[end], options), address: (end) => ends[end].address }
  const twin: Side = { domain: world.domain(name), open: (end, options) => world.open(end, options), address: (end) => world.world.machineAt(end)!.address }
  const [expected, found] = [await protocolScript(real), await protocolScript(twin)]
  expect(found).toEqual(expected)
})
