import { expect, test } from 'vitest'
import { freshDraft, undone, withEdits, withLimits } from './plan-draft.ts'

const web = { host: 'kvm1', uuid: 'w' }
const db = { host: 'kvm1', uuid: 'd' }

test('edits of one VM lie over each other, and undo takes them back one by one', () => {
  const start = freshDraft('evacuate', 'kvm1')
  const moved = withEdits(start, [web], { destination: 'kvm3' }, 'web to kvm3')
  const live = withEdits(moved, [web], { options: { technique: 'postcopy' } }, 'web by post-copy')
  const more = withEdits(live, [web], { options: { bandwidthMiBps: 100 } }, 'web at 100 MiB/s')
  expect(more.request.edits).toEqual([{ vm: web, decision: 'move', destination: 'kvm3', options: { technique: 'postcopy', bandwidthMiBps: 100 } }])
  expect(undone(undone(more)).request.edits).toEqual([{ vm: web, decision: 'move', destination: 'kvm3' }])
  expect(undone(undone(undone(more))).request).toEqual(start.request)
  expect(undone(start)).toEqual(start)
})

test('a change of many VMs is one step, and an edit that changes nothing is dropped', () => {
  const skipped = withEdits(freshDraft('return', 'kvm1'), [web, db], { decision: 'skip' }, 'skip all')
  expect(skipped.request.edits.map(({ vm, decision }) => [vm.uuid, decision])).toEqual([['w', 'skip'], ['d', 'skip']])
  expect(withEdits(skipped, [web], { decision: 'move' }, 'take web').request.edits).toEqual([{ vm: db, decision: 'skip' }])
  expect(undone(skipped).request.edits).toEqual([])
})

test('limits are steps too', () => {
  const draft = withLimits(freshDraft('balance', ''), { perHost: 4 }, 'four at a time')
  expect(draft.request.perHost).toBe(4)
  expect(undone(draft).request.perHost).toBeNull()
})
