import { expect, test } from 'vitest'
import { vmView } from '../inventory/inventory.fixture.ts'
import { groupDevices } from './device-words.ts'
import { sortVms, type VmOrder } from './vm-order.ts'

const vms = [vmView('a', '10', { n: 1, vcpus: 4 }), vmView('a', '2', { n: 2, memoryKiB: 5 }), vmView('a', '3', { n: 3, state: 'off' })]
const figures = (n: number) => ({ cpu: n === 1 ? 4000 : n * 1000, memory: n })
const sorted = (by: VmOrder['by'], isDescending = false) => sortVms(vms, { by, isDescending }, figures).map((vm) => vm.name)

test('a column sorts, equals stand by name', () => {
  expect(sorted('name')).toEqual(['2', '3', '10'])
  expect(sorted('state')).toEqual(['3', '2', '10'])
  expect(sorted('state', true)).toEqual(['2', '10', '3'])
  expect(sorted('memory')).toEqual(['2', '3', '10'])
})

test('CPU counts per vCPU, and what is off uses none', () => {
  expect(sorted('cpu', true)).toEqual(['2', '10', '3'])
})

test('devices stand by what matters to a move', () => {
  const device = (kind: string, label: string) => ({ kind, label, detail: '' })
  const groups = groupDevices([device('novel', 'x'), device('nic', 'eth'), device('disk', 'vda'), device('disk', 'vdb')])
  expect(groups.map(({ title, devices }) => [title, devices.length])).toEqual([['Disks', 2], ['Network interfaces', 1], ['novel', 1]])
})
