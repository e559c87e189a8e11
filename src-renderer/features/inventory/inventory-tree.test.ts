// @vitest-environment happy-dom
import { flushPromises, mount, type VueWrapper } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, expect, test } from 'vitest'
import { createMemoryHistory, createRouter, type Router } from 'vue-router'
import { openMenu } from '../../ui/command/command-menu.ts'
import { useHostStore } from '../host/host-store.ts'
import { useVmStore } from '../vm/vm-store.ts'
import { hostView, inventoryFrame, vmView } from './inventory.fixture.ts'
import InventoryTree from './InventoryTree.vue'
import { useInventoryViewStore } from './inventory-view-store.ts'
import { useSelectionStore } from './selection-store.ts'

let tree: VueWrapper
let router: Router

beforeEach(async () => {
  localStorage.clear()
  const pinia = createPinia()
  setActivePinia(pinia)
  const page = { template: '<i />' }
  router = createRouter({
    history: createMemoryHistory(),
    routes: [
      { path: '/', component: page },
      { path: '/vm/:host/:uuid', name: 'vm', component: page },
      { path: '/host/:id', name: 'host', component: page },
    ],
  })
  const frame = inventoryFrame(1, {
    isSnapshot: true,
    hosts: [hostView('a', { n: 1, group: 'rack' }), hostView('b', { n: 2, group: 'rack' })],
    vms: [vmView('a', '1', { n: 3, name: 'web' }), vmView('a', '2', { n: 4, name: 'db', state: 'off' }), vmView('b', '3', { n: 5, name: 'mail' })],
  })
  useHostStore().apply(frame)
  useVmStore().apply(frame)
  tree = mount(InventoryTree, { attachTo: document.body, attrs: { style: 'overflow: auto' }, global: { plugins: [pinia, router] } })
  await flushPromises()
})

const press = async (key: string, over: Partial<KeyboardEventInit> = {}) => {
  await tree.get('[role=tree]').trigger('keydown', { key, ...over })
  await flushPromises()
}
const lead = () => useSelectionStore().lead
const rows = () => tree.findAll('[role=treeitem]')

test('every line says its level, its place, and what it is', () => {
  expect(rows().map((row) => [row.attributes('aria-level'), row.attributes('aria-posinset'), row.attributes('aria-setsize'), row.text().replace(/\s+/g, ' ')].join(' '))).toEqual([
    '1 1 1 rack, group',
    '2 1 2 a, host, online, 2 VMs',
    '3 1 2 db, off',
    '3 2 2 web, running',
    '2 2 2 b, host, online, 1 VM',
    '3 1 1 mail, running',
  ])
})

test('arrows walk, close and open; the line with the keyboard is named to screen readers', async () => {
  await press('End')
  expect(lead()).toBe('vm:b/3')
  expect(tree.get('[role=tree]').attributes('aria-activedescendant')).toBe(tree.get('[data-key="vm:b/3"]').attributes('id'))
  await press('ArrowLeft')
  expect(lead()).toBe('host:b')
  await press('ArrowLeft')
  expect(tree.get('[data-key="host:b"]').attributes('aria-expanded')).toBe('false')
  expect(rows()).toHaveLength(5)
  await press('ArrowRight')
  expect(rows()).toHaveLength(6)
})

test('letters find by name, Shift extends over VMs, Ctrl adds one by one', async () => {
  await press('d')
  expect(lead()).toBe('vm:a/2')
  await press('ArrowDown', { shiftKey: true })
  expect(useSelectionStore().vms.map((vm) => vm.uuid)).toEqual(['2', '1'])
  await press('End', { ctrlKey: true })
  expect(useSelectionStore().keys.has('vm:b/3')).toBe(false)
  await press(' ')
  expect(useSelectionStore().vms).toHaveLength(3)
})

test('Enter opens the page; Shift+F10 the menu, in which what cannot be done says why', async () => {
  await press('d')
  await press('Enter')
  expect(router.currentRoute.value.fullPath).toBe('/vm/a/2')
  await press('F10', { shiftKey: true })
  const reboot = openMenu.value?.commands.find((command) => command.id === 'vm.reboot')
  expect(reboot?.availability).toEqual({ can: false, reason: 'It is off.' })
  expect(openMenu.value?.commands.at(-1)).toMatchObject({ id: 'vm.force-off', isDestructive: true })
})

test('a filter opens what is closed and leaves only what passes', async () => {
  useInventoryViewStore().setClosed('group:rack', true)
  await flushPromises()
  expect(rows()).toHaveLength(1)
  useInventoryViewStore().filterText = 'mail'
  await flushPromises()
  expect(rows().map((row) => row.attributes('data-key'))).toEqual(['group:rack', 'host:b', 'vm:b/3'])
})
