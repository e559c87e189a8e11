import { expect, test } from 'vitest'
import type { HostView } from '../../../contract/host.ts'
import type { VmView } from '../../../contract/vm.ts'
import { Inventory } from '../../vm/inventory.ts'
import { verdictsFor } from './verdicts.ts'

const GiB = 1024 * 1024

function host(id: string, n: number, facts: Partial<NonNullable<HostView['facts']>> = {}): HostView {
  return {
    n,
    name: id,
    record: { id, address: `ssh://${id}`, label: null, group: null, tags: [], migrationAddress: null, maintenance: null, shutDown: null },
    connection: { state: 'online', since: 0, route: 'socket', isWritable: true },
    facts: {
      hostname: id, hostUuid: null, arch: 'x86_64', cpuModel: 'EPYC', cpuVendor: 'AMD', cpus: 16, cpuMhz: 3000, memoryKiB: 64 * GiB,
      libvirtVersion: '9.0.0', hypervisor: 'QEMU', hypervisorVersion: '7.2.0', migrationAddresses: [], ...facts,
    },
    missing: [],
  }
}

function vm(hostId: string, name: string, n: number, more: Partial<VmView> = {}): VmView {
  return {
    n, ref: { host: hostId, uuid: `uuid-${name}` }, name, title: null, state: 'running', reason: 'booted', tags: [], vcpus: 2, memoryKiB: 4 * GiB, isPersistent: true,
    hasAutostart: false, hasManagedSave: false, job: null, console: { hasSerial: true, hasVnc: false, hasSpice: false }, ...more,
  }
}

function cluster(...views: (HostView | VmView)[]): Inventory {
  const inventory = new Inventory()
  for (const view of views) if ('record' in view) inventory.setHost(view)
  else inventory.setVm(view)
  return inventory
}

const verdictOn = (inventory: Inventory, id: string, ...vms: VmView[]) => verdictsFor(vms.map(({ ref }) => ref), inventory).find(({ host: of }) => of === id)

test('an equal host with room fits and says how much', () => {
  const web = vm('a', 'web', 10)
  expect(verdictOn(cluster(host('a', 1), host('b', 2), web, vm('b', 'db', 11)), 'b', web)).toEqual({ host: 'b', verdict: 'fits', reason: '60 GiB of memory free.' })
})

test.each<[string, HostView, Partial<VmView>, string, string]>([
  ['another architecture', host('b', 2, { arch: 'aarch64' }), {}, 'blocked', 'b is aarch64, web needs x86_64.'],
  ['too little memory at all', host('b', 2, { memoryKiB: 2 * GiB }), {}, 'blocked', '4.0 GiB of memory needed, b has 2.0.'],
  ['an older QEMU', host('b', 2, { hypervisorVersion: '6.2.0' }), {}, 'warns', 'Its QEMU 6.2.0 is older than 7.2.0.'],
  ['another CPU vendor', host('b', 2, { cpuVendor: 'Intel' }), {}, 'warns', 'Its CPUs are by Intel, those of web by AMD.'],
  [
    'a host in maintenance',
    { ...host('b', 2), record: { ...host('b', 2).record, maintenance: { state: 'in', reason: 'a dead fan', who: 'ada', since: 0 } } },
    {},
    'warns',
    'b is in maintenance: a dead fan',
  ],
  ['a move that is going on', host('b', 2), { job: 'job-1' }, 'blocked', 'web is being moved already.'],
  ['a saved VM', host('b', 2), { hasManagedSave: true, state: 'off' }, 'blocked', 'web has a saved state: start it first.'],
  ['a host that is away', { ...host('b', 2), connection: { state: 'offline', since: 0, problem: { code: 'x', message: '' }, retryAt: null, seenAt: null } }, {}, 'blocked', 'b is not connected.'],
])('%s', (_, destination, change, verdict, reason) => {
  const web = vm('a', 'web', 10, change)
  expect(verdictOn(cluster(host('a', 1), destination, web), 'b', web)).toEqual({ host: 'b', verdict, reason })
})

test('a name or a UUID that is taken blocks; a VM that is off needs no memory', () => {
  const web = vm('a', 'web', 10)
  expect(verdictOn(cluster(host('a', 1), host('b', 2), web, vm('b', 'web', 11, { ref: { host: 'b', uuid: 'other' } })), 'b', web)?.reason).toBe('b has another VM named web.')
  const off = vm('a', 'big', 12, { state: 'off', memoryKiB: 900 * GiB })
  expect(verdictOn(cluster(host('a', 1), host('b', 2), off), 'b', off)?.verdict).toBe('fits')
})

test('a selection is judged as a whole', () => {
  const vms = [vm('a', 'one', 10, { memoryKiB: 40 * GiB }), vm('a', 'two', 11, { memoryKiB: 40 * GiB })]
  const inventory = cluster(host('a', 1), host('b', 2), ...vms)
  expect(verdictOn(inventory, 'b', vms[0]!)?.verdict).toBe('fits')
  expect(verdictOn(inventory, 'b', ...vms)?.verdict).toBe('blocked')
  expect(verdictOn(inventory, 'a', ...vms)).toMatchObject({ verdict: 'blocked', reason: 'They are here already.' })
})
