import { expect, test } from 'vitest'
import { hostView } from './inventory.fixture.ts'
import { buildTreeRows, stepInTree } from './tree-rows.ts'

const hosts = [
  { host: hostView('a', { group: 'rack 2' }), vms: ['a/1', 'a/2'] },
  { host: hostView('b', { group: 'rack 10' }), vms: [] },
  { host: hostView('c'), vms: ['c/1'] },
]
const open = () => false

test('groups by name as people count, then single hosts, each with its place among its siblings', () => {
  expect(buildTreeRows(hosts, open).map((row) => `${row.level} ${row.key} ${row.position}/${row.setSize}`)).toEqual([
    '1 group:rack 2 1/3', '2 host:a 1/1', '3 vm:a/1 1/2', '3 vm:a/2 2/2', '1 group:rack 10 2/3', '2 host:b 1/1', '1 host:c 3/3', '2 vm:c/1 1/1',
  ])
})

test('a closed line hides what is below it; an empty host cannot be opened', () => {
  const rows = buildTreeRows(hosts, (key) => key === 'group:rack 2')
  expect(rows.map((row) => row.key)).toEqual(['group:rack 2', 'group:rack 10', 'host:b', 'host:c', 'vm:c/1'])
  expect(rows[0]?.isExpanded).toBe(false)
  expect(rows[2]?.isExpanded).toBeNull()
})

test('arrows walk, open, close and climb', () => {
  const rows = buildTreeRows(hosts, open)
  expect(stepInTree(rows, 0, 'ArrowDown', 10)).toEqual({ kind: 'focus', index: 1 })
  expect(stepInTree(rows, 0, 'ArrowUp', 10)).toEqual({ kind: 'focus', index: 0 })
  expect(stepInTree(rows, 1, 'ArrowLeft', 10)).toEqual({ kind: 'close', key: 'host:a' })
  expect(stepInTree(rows, 3, 'ArrowLeft', 10)).toEqual({ kind: 'focus', index: 1 })
  expect(stepInTree(rows, 1, 'ArrowRight', 10)).toEqual({ kind: 'focus', index: 2 })
  expect(stepInTree(rows, 5, 'ArrowRight', 10)).toEqual({ kind: 'none' })
  expect(stepInTree(rows, 2, 'End', 10)).toEqual({ kind: 'focus', index: 7 })
  expect(stepInTree(rows, 2, 'PageDown', 4)).toEqual({ kind: 'focus', index: 6 })
  expect(stepInTree(buildTreeRows(hosts, (key) => key === 'host:c'), 6, 'ArrowRight', 10)).toEqual({ kind: 'open', key: 'host:c' })
})
