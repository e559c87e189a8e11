import { expect, it } from 'vitest'
import { World } from '../twin/world.ts'
import { addLab, labNamed, labsAtHand } from './labs.ts'

it('offers three labs of the sizes that they are said to have, each of which can be', () => {
  expect(labsAtHand().map(({ name, hosts, vms }) => [name, hosts, vms])).toEqual([
    ['teaching', 3, 12],
    ['campus', 8, 80],
    ['big', 64, 2000],
  ])
  for (const { name } of labsAtHand()) World.create(labNamed(name)!).dispose()
})

it('never puts more on a host than it has memory for', () => {
  for (const { name } of labsAtHand()) {
    const lab = labNamed(name)!
    for (const host of lab.hosts) {
      const used = lab.vms.filter((vm) => vm.host === host.id && vm.state !== 'off').reduce((sum, { memoryMiB }) => sum + memoryMiB, 0)
      expect(used, `${name}: ${host.id}`).toBeLessThan(host.memoryMiB * 0.9)
    }
  }
})

const written = { name: 'mine', title: 'Mine', hosts: [{ id: 'one', cpus: 4, memoryMiB: 8192, link: { mbps: 1000 } }], vms: [{ name: 'a', host: 'one', memoryMiB: 512, vcpus: 1, process: { kind: 'idle' } }] }

it('takes in a lab that somebody wrote, and offers it after its own', () => {
  expect(addLab(JSON.stringify(written))).toMatchObject({ name: 'mine', hosts: 1, vms: 1 })
  expect(labsAtHand().at(-1)).toMatchObject({ title: 'Mine' })
})

it.each([
  ['no JSON', '{', 'twin-lab-invalid'],
  ['what is no lab', '{}', 'twin-lab-invalid'],
  ['a VM on a host that is not there', JSON.stringify({ ...written, vms: [{ ...written.vms[0], host: 'two' }] }), 'twin-lab-invalid'],
  ['a name of Drover’s own', JSON.stringify({ ...written, name: 'campus' }), 'demo-name-taken'],
])('refuses %s, and says why', (_, text, code) => {
  expect(() => addLab(text)).toThrow(expect.objectContaining({ code, message: expect.stringMatching(/./) }))
})
