import { expect, it } from 'vitest'
import { hostView, vmView } from '../inventory/inventory.fixture.ts'
import { labOfInventory } from './lab-of-inventory.ts'

const facts = {
  hostname: 'db7.secret.example',
  hostUuid: '11111111-2222-4333-8444-555555555555',
  arch: 'x86_64',
  cpuModel: 'EPYC-Milan',
  cpuVendor: 'AMD',
  cpus: 32,
  cpuMhz: 2400,
  memoryKiB: 64 * 1024 ** 2,
  libvirtVersion: '9.0.0',
  hypervisor: 'QEMU',
  hypervisorVersion: '7.2.0',
  migrationAddresses: ['192.0.2.77'],
}
const hosts = [hostView('h1', { name: 'Rack 7 / db', facts, tags: ['secret-tag'], group: 'secret-group' }), hostView('h2', { name: 'never-seen' })]
const vms = [
  vmView('h1', 'aaaaaaaa-0000-4000-8000-000000000001', { name: 'pay roll', title: 'secret title', tags: ['secret-tag'], vcpus: 2, hasAutostart: true }),
  vmView('h1', 'aaaaaaaa-0000-4000-8000-000000000002', { name: 'pay-roll', state: 'saved' }),
  vmView('h1', 'aaaaaaaa-0000-4000-8000-000000000003', { state: 'incoming' }),
  vmView('h2', 'aaaaaaaa-0000-4000-8000-000000000004'),
]
const figures = () => ({ cpuPercent: 41.7, networkBps: 20_480, diskBps: 0 })

it('takes sizes, loads and states, under names that a lab may have', () => {
  expect(labOfInventory({ hosts, vms, figures, isAnonymous: false })).toMatchObject({
    hosts: [{ id: 'Rack-7-db', cpus: 32, memoryMiB: 65_536, cpuModel: 'EPYC-Milan', libvirtVersion: '9.0.0', qemuVersion: '7.2.0' }],
    vms: [
      { name: 'pay-roll', host: 'Rack-7-db', memoryMiB: 1024, vcpus: 2, process: { kind: 'database' }, cpuPercent: 42, networkKiBps: 20, state: 'running', autostart: true },
      { name: 'pay-roll-2', host: 'Rack-7-db', state: 'off' },
    ],
  })
})

it('takes nothing that is not on its list', () => {
  const text = JSON.stringify(labOfInventory({ hosts, vms, figures, isAnonymous: true }))
  expect(text).not.toMatch(/secret|192\.0\.2|aaaaaaaa|11111111|pay|rack 7|ssh:/i)
  expect(text).toContain('"name":"vm-1","host":"host-1"')
})
