import { expect, test } from 'vitest'
import type { VmCommand } from '../../../src-main/contract/vm.ts'
import { hostView, vmView } from '../inventory/inventory.fixture.ts'
import { commandRule, moveRule } from './vm-rules.ts'

const host = hostView('a')
const all: VmCommand[] = ['start', 'shutdown', 'reboot', 'suspend', 'resume', 'force-off', 'autostart-on', 'autostart-off']
const possible = (over: Parameters<typeof vmView>[2], on = host) => all.filter((command) => commandRule(command, vmView('a', '1', over), on).can)

test('what may be asked follows the state', () => {
  expect(possible({ state: 'running' })).toEqual(['shutdown', 'reboot', 'suspend', 'force-off', 'autostart-on'])
  expect(possible({ state: 'off' })).toEqual(['start', 'autostart-on'])
  expect(possible({ state: 'paused', hasAutostart: true })).toEqual(['resume', 'force-off', 'autostart-off'])
  expect(possible({ state: 'off', isPersistent: false })).toEqual(['start'])
})

test('nothing may be asked of a VM that moves, except for its next boot', () => {
  expect(possible({ state: 'running', job: 'j1' })).toEqual(['autostart-on'])
})

test('a host that is away or read-only refuses everything, by name', () => {
  const away = hostView('a', { name: 'kvm1', connection: { state: 'offline', since: 0, problem: { code: 'x', message: 'gone' }, retryAt: null, seenAt: null } })
  expect(possible({ state: 'running' }, away)).toEqual([])
  expect(commandRule('start', vmView('a', '1'), away)).toEqual({ can: false, reason: 'kvm1 is not connected.' })
  const readOnly = hostView('a', { connection: { state: 'online', since: 0, route: '', isWritable: false } })
  expect(possible({ state: 'running' }, readOnly)).toEqual([])
})

test('a VM that is off moves too; one without another host does not', () => {
  expect(moveRule(vmView('a', '1', { state: 'off' }), host, 2).can).toBe(true)
  expect(moveRule(vmView('a', '1'), host, 1)).toEqual({ can: false, reason: 'There is no other host. Connect one first.' })
  expect(moveRule(vmView('a', '1', { job: 'j' }), host, 2).can).toBe(false)
})
