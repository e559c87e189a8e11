import { expect, test } from 'vitest'
import type { HostView } from '../../../../src-main/contract/host.ts'
import type { Plan, PlanRow } from '../../../../src-main/contract/plan.ts'
import { planRequest } from '../../../../src-main/contract/plan.ts'
import type { VmView } from '../../../../src-main/contract/vm.ts'
import { hostView, vmView } from '../../inventory/inventory.fixture.ts'
import { basisOf, changesSince } from './plan-age.ts'

const offline = { state: 'offline', since: 0, problem: { code: 'x', message: 'gone' }, retryAt: null, seenAt: null } as const
const maintenance = { state: 'in', reason: 'firmware', who: 'ada', since: 0 } as const
const hosts = () => new Map(['a', 'b', 'c'].map((id) => [id, hostView(id)]))
const vms = () => new Map([vmView('a', 'web'), vmView('a', 'db'), vmView('a', 'spare', { state: 'off' }), vmView('b', 'other')].map((vm) => [vm.name, vm]))

/** Host a is emptied to b; c has no part in it. */
function planOf(request: object = { kind: 'evacuate', host: 'a' }): Plan {
  const rows = [...vms().values()].filter(({ ref }) => ref.host === 'a').map(({ ref, name, state }) => ({ vm: ref, name, state, destination: 'b', decision: 'move', how: state === 'off' ? 'offline' : 'live' }) as PlanRow)
  return { request: planRequest.parse(request), rows } as Plan
}

type Change = (vms: Map<string, VmView>, hosts: Map<string, HostView>) => void
function changes(change: Change, plan = planOf()) {
  const basis = basisOf(plan, vms().values(), hosts().values())
  const [nowVms, nowHosts] = [vms(), hosts()]
  change(nowVms, nowHosts)
  return changesSince(basis, plan, nowVms.values(), nowHosts.values())
}

test('a plan is up to date while nothing has changed, and while a VM only is on its way', () => {
  expect(changes(() => {})).toEqual([])
  expect(changes((vms) => vms.set('web at b', vmView('b', 'web', { state: 'incoming' })))).toEqual([])
  expect(changes((vms) => vms.set('web', vmView('a', 'web', { state: 'paused', tags: ['new'] })))).toEqual([])
})

test.each<[string, Change]>([
  ['web has stopped on a', (vms) => vms.set('web', vmView('a', 'web', { state: 'off' }))],
  ['spare was started on a', (vms) => vms.set('spare', vmView('a', 'spare'))],
  ['web has moved from a to c', (vms) => vms.set('web', vmView('c', 'web'))],
  ['web is no longer on a', (vms) => vms.delete('web')],
  ['late is new on a', (vms) => vms.set('late', vmView('a', 'late'))],
  ['other has moved from b to a', (vms) => vms.set('other', vmView('a', 'other'))],
  ['b is no longer in Drover', (vms, hosts) => (hosts.delete('b'), vms.delete('other'))],
  ['b is not connected any more', (_, hosts) => hosts.set('b', hostView('b', { connection: offline }))],
  ['b is in maintenance now', (_, hosts) => hosts.set('b', { ...hostView('b'), record: { ...hostView('b').record, maintenance } })],
])('“%s” keeps the plan from being started', (text, change) => {
  expect(changes(change)).toEqual([{ text, isDecisive: true }])
})

test.each<[string, Change]>([
  ['other has stopped on b', (vms) => vms.set('other', vmView('b', 'other', { state: 'off' }))],
  ['late is new on b', (vms) => vms.set('late', vmView('b', 'late'))],
  ['c is not connected any more', (_, hosts) => hosts.set('c', hostView('c', { connection: offline }))],
  ['a is in maintenance now', (_, hosts) => hosts.set('a', { ...hostView('a'), record: { ...hostView('a').record, maintenance } })],
])('“%s” is said, and leaves the decision to the user', (text, change) => {
  expect(changes(change)).toEqual([{ text, isDecisive: false }])
})

test('a plan for some VMs of a host does not mind others that come to it', () => {
  expect(changes((vms) => vms.set('late', vmView('a', 'late')), planOf({ kind: 'evacuate', host: 'a', vms: ['web'] }))).toEqual([{ text: 'late is new on a', isDecisive: false }])
})

test('what the plan itself says of a VM counts, not what the window already showed when it arrived', () => {
  const plan = planOf()
  const now = vms().set('web', vmView('a', 'web', { state: 'off' }))
  expect(changesSince(basisOf(plan, now.values(), hosts().values()), plan, now.values(), hosts().values())).toEqual([{ text: 'web has stopped on a', isDecisive: true }])
})
