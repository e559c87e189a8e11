import { expect, test } from 'vitest'
import { hostView, vmView } from '../inventory/inventory.fixture.ts'
import { afterClose, consoleWait } from './console-state.ts'
import { ReleaseChord } from './release-chord.ts'

const problem = { code: 'console-busy', message: 'Somebody else has this console open.' }

test('a console waits for what comes back by itself', () => {
  const host = hostView('a')
  expect(consoleWait(vmView('a', '1'), host)).toBeNull()
  expect(consoleWait(vmView('a', '1', { state: 'paused' }), host)).toBeNull()
  expect(consoleWait(vmView('a', '1', { state: 'off' }), host)).toMatch(/opens when it starts/)
  expect(consoleWait(vmView('a', '1'), hostView('a', { connection: { state: 'connecting', step: '', since: 0 } }))).toMatch(/not connected/)
  expect(consoleWait(undefined, host)).toMatch(/follows/)
})

test('after the far side is gone it reopens by itself only where nobody took it', () => {
  expect(afterClose(null, true, null, vmView('a', '1')).kind).toBe('ended')
  expect(afterClose({ code: 'libvirt', message: 'stream had I/O failure' }, true, null, vmView('a', '1'))).toMatchObject({ kind: 'ended', evidence: 'stream had I/O failure' })
  expect(afterClose(null, true, null, vmView('a', '1', { job: 'j' })).kind).toBe('waiting')
  expect(afterClose(problem, false, null, vmView('a', '1'))).toEqual({ kind: 'failed', problem })
  expect(afterClose({ code: 'backend-lost', message: '' }, true, null, vmView('a', '1')).kind).toBe('waiting')
  expect(afterClose(problem, true, 'It is off.', vmView('a', '1'))).toEqual({ kind: 'waiting', reason: 'It is off.' })
})

test('Ctrl and Alt alone release the keyboard', () => {
  const key = (type: 'keydown' | 'keyup', name: string, over = {}) => ({ type, key: name, ctrlKey: true, altKey: true, ...over })
  const chord = new ReleaseChord()
  const press = (...events: ReturnType<typeof key>[]) => events.map((event) => chord.take(event)).includes(true)
  expect(press(key('keydown', 'Control', { altKey: false }), key('keydown', 'Alt'), key('keyup', 'Alt'))).toBe(true)
  expect(press(key('keydown', 'Control', { altKey: false }), key('keydown', 'Alt'), key('keydown', 'Delete'), key('keyup', 'Delete'), key('keyup', 'Alt'))).toBe(false)
  expect(press(key('keydown', 'Control', { altKey: false }), key('keyup', 'Control'))).toBe(false)
  expect(press(key('keydown', 'Alt', { getModifierState: () => true }), key('keyup', 'Alt'))).toBe(false)
})
