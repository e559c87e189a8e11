import { describe, expect, test, vi } from 'vitest'
import { allowed, groupCommands, refused, runCommand, type Command } from './command.ts'
import { matchesShortcut } from './shortcut.ts'

function command(id: string, over: Partial<Command> = {}): Command {
  return { id, title: id, group: 'a', availability: allowed, run: () => {}, ...over }
}

test('destructive items stand last, after a divider of their own', () => {
  const groups = groupCommands([command('force-off', { isDestructive: true }), command('start'), command('open', { group: 'b' }), command('stop')])
  expect(groups.map((group) => group.map((item) => item.id))).toEqual([['start', 'stop'], ['open'], ['force-off']])
})

test('a command that may not run says why and does nothing', () => {
  const run = vi.fn()
  const explain = vi.fn()
  runCommand(command('start', { availability: refused('It runs already.'), run }), explain)
  expect(run).not.toHaveBeenCalled()
  expect(explain).toHaveBeenCalledWith('It runs already.')
})

describe('shortcuts', () => {
  const press = (key: string, over: Partial<KeyboardEvent> = {}) => ({ key, ctrlKey: false, metaKey: false, shiftKey: false, altKey: false, ...over }) as KeyboardEvent
  test('a chord wants exactly its modifiers', () => {
    expect(matchesShortcut('Ctrl+K', press('k', { ctrlKey: true }))).toBe(true)
    expect(matchesShortcut('Ctrl+K', press('k'))).toBe(false)
    expect(matchesShortcut('M', press('m'))).toBe(true)
    expect(matchesShortcut('M', press('M', { shiftKey: true }))).toBe(false)
  })
  test('the shift that a sign needs is the layout’s business', () => {
    expect(matchesShortcut('?', press('?', { shiftKey: true }))).toBe(true)
    expect(matchesShortcut('?', press('?'))).toBe(true)
  })
})
