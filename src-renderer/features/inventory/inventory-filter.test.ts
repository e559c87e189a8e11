import { describe, expect, test } from 'vitest'
import { matchesHost, matchesVm, parseFilter } from './inventory-filter.ts'
import { hostView, vmView } from './inventory.fixture.ts'

describe('reading', () => {
  test('qualifiers, alternatives, quotes, negation and plain words', () => {
    expect(parseFilter('state:running tag:web,db group:"Rack 1" -host:old Shop')).toEqual([
      { by: 'state', values: ['running'], isNegated: false },
      { by: 'tag', values: ['web', 'db'], isNegated: false },
      { by: 'group', values: ['rack 1'], isNegated: false },
      { by: 'host', values: ['old'], isNegated: true },
      { by: 'text', values: ['shop'], isNegated: false },
    ])
  })

  test('half-typed filters say nothing rather than hide everything', () => {
    expect(parseFilter('state:')).toEqual([])
    expect(parseFilter('  ')).toEqual([])
    expect(parseFilter('tag:"rack')).toEqual([{ by: 'tag', values: ['rack'], isNegated: false }])
  })

  test('an unknown qualifier is text, so addresses can be searched', () => {
    expect(parseFilter('ssh://kvm1')).toEqual([{ by: 'text', values: ['ssh://kvm1'], isNegated: false }])
  })
})

describe('matching', () => {
  const host = hostView('h1', { name: 'kvm1', group: 'rack 1', tags: ['ssd'] })
  const vm = vmView('h1', 'u1', { name: 'web-1', state: 'running', tags: ['web', 'prod'], hasAutostart: true })
  const passes = (text: string) => matchesVm(parseFilter(text), vm, host)

  test('every word must hold', () => {
    expect(passes('state:run tag:web host:kvm1')).toBe(true)
    expect(passes('state:run tag:db')).toBe(false)
    expect(passes('tag:db,web')).toBe(true)
    expect(passes('-tag:web')).toBe(false)
    expect(passes('group:"rack 1" web')).toBe(true)
    expect(passes('is:autostart')).toBe(true)
    expect(passes('is:moving')).toBe(false)
  })

  test('text finds a VM by its host, so that a host’s name shows all of it', () => {
    expect(passes('kvm1')).toBe(true)
  })

  test('a host passes by itself', () => {
    expect(matchesHost(parseFilter('state:online tag:ssd'), host)).toBe(true)
    expect(matchesHost(parseFilter('state:offline'), host)).toBe(false)
  })
})
