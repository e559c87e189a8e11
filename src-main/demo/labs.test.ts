import { expect, it } from 'vitest'
import { World } from '../twin/world.ts'
import { labNamed, labsAtHand } from './labs.ts'

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
