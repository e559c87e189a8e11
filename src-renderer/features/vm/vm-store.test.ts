import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, expect, test, vi } from 'vitest'
import { effect } from 'vue'
import { columns, hostView, inventoryFrame, vmView } from '../inventory/inventory.fixture.ts'
import { judgeFrame } from '../inventory/inventory-feed.ts'
import { useHostStore } from '../host/host-store.ts'
import { useVmStore } from './vm-store.ts'

beforeEach(() => setActivePinia(createPinia()))

const names = (host: string) => useVmStore().keysOn(host).map((key) => useVmStore().vms.get(key)?.name)

test('a snapshot replaces everything, a delta only what it names', () => {
  const store = useVmStore()
  store.apply(inventoryFrame(1, { isSnapshot: true, vms: [vmView('a', '1', { name: 'vm10' }), vmView('a', '2', { name: 'vm9' }), vmView('b', '3')] }))
  expect(names('a')).toEqual(['vm9', 'vm10'])
  store.apply(inventoryFrame(2, { vms: [vmView('a', '1', { name: 'vm10', state: 'off' })], removedVms: [{ host: 'b', uuid: '3' }] }))
  expect(store.get({ host: 'a', uuid: '1' })?.state).toBe('off')
  expect(names('b')).toEqual([])
  store.apply(inventoryFrame(9, { isSnapshot: true, vms: [vmView('b', '3')] }))
  expect([names('a'), names('b')]).toEqual([[], ['3']])
})

test('a VM that arrives at another host in the same frame is there once', () => {
  const store = useVmStore()
  store.apply(inventoryFrame(1, { isSnapshot: true, vms: [vmView('a', '1')] }))
  store.apply(inventoryFrame(2, { removedVms: [{ host: 'a', uuid: '1' }], vms: [vmView('b', '1')] }))
  expect([names('a'), names('b')]).toEqual([[], ['1']])
})

test('a reader of one VM is not woken by another, nor by samples', () => {
  const store = useVmStore()
  store.apply(inventoryFrame(1, { isSnapshot: true, vms: [vmView('a', '1', { n: 1 }), vmView('a', '2', { n: 2 })] }))
  const runs = vi.fn()
  effect(() => runs(store.vms.get('a/1')?.state))
  store.apply(inventoryFrame(2, { vms: [vmView('a', '2', { n: 2, state: 'paused' })], vmSamples: columns([[1, 500]]) }))
  expect(runs).toHaveBeenCalledTimes(1)
  store.apply(inventoryFrame(3, { vms: [vmView('a', '1', { n: 1, state: 'off' })] }))
  expect(runs).toHaveBeenLastCalledWith('off')
})

test('the list of a host keeps its identity while only states change', () => {
  const store = useVmStore()
  store.apply(inventoryFrame(1, { isSnapshot: true, vms: [vmView('a', '1'), vmView('a', '2')] }))
  const before = store.keysOn('a')
  store.apply(inventoryFrame(2, { vms: [vmView('a', '1', { state: 'off' })] }))
  expect(store.keysOn('a')).toBe(before)
})

test('samples reach listeners of their row only, and numbers beyond the table grow it', () => {
  const store = useVmStore()
  const seen: number[] = []
  const stop = store.samples.listen(5000, () => seen.push(store.samples.cpuAt(5000)))
  store.apply(inventoryFrame(1, { vmSamples: columns([[5000, 1234], [3, 7]]) }))
  store.apply(inventoryFrame(2, { vmSamples: columns([[3, 8]]) }))
  stop()
  store.apply(inventoryFrame(3, { vmSamples: columns([[5000, 99]]) }))
  expect(seen).toEqual([1234])
  expect(store.samples.at(3)?.cpu).toBe(8)
  expect(store.samples.at(4)).toBeNull()
})

test('hosts go with their samples', () => {
  const store = useHostStore()
  store.apply(inventoryFrame(1, { isSnapshot: true, hosts: [hostView('b', { n: 1 }), hostView('a', { n: 2 })], hostSamples: columns([[1, 50]]) }))
  expect(store.sorted.map((host) => host.name)).toEqual(['a', 'b'])
  store.apply(inventoryFrame(2, { removedHosts: ['b'] }))
  expect(store.sorted.map((host) => host.name)).toEqual(['a'])
  expect(store.samples.at(1)).toBeNull()
})

test('a gap, or a delta before any snapshot, asks for a fresh subscription', () => {
  expect(judgeFrame(null, { seq: 4, isSnapshot: false })).toBe('resubscribe')
  expect(judgeFrame(3, { seq: 5, isSnapshot: false })).toBe('resubscribe')
  expect(judgeFrame(3, { seq: 4, isSnapshot: false })).toBe('apply')
  expect(judgeFrame(3, { seq: 9, isSnapshot: true })).toBe('apply')
})
