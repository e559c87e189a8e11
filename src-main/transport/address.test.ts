import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatAddress, parseAddress, type HostAddress } from './address.ts'

const ssh = (host: string, user: string | null = null, port: number | null = null): HostAddress => ({ scheme: 'ssh', host, user, port })

describe('parseAddress', () => {
  test.each<[string, HostAddress]>([
    ['ssh://kvm1', ssh('kvm1')],
    ['ssh://root@kvm1.example.org:2222', ssh('kvm1.example.org', 'root', 2222)],
    ['ssh://root@kvm1/', ssh('kvm1', 'root')],
    ['ssh://[fd00::1]:22', ssh('fd00::1', null, 22)],
    ['SSH://kvm1', ssh('kvm1')],
    ['  root@kvm1 ', ssh('kvm1', 'root')],
    ['a@realm@kvm1', ssh('kvm1', 'a@realm')],
    ['kvm1:2222', ssh('kvm1', null, 2222)],
    ['[fe80::1%eth0]', ssh('fe80::1%eth0')],
    ['unix://', { scheme: 'unix', path: null }],
    ['unix:///run/libvirt/libvirt-sock', { scheme: 'unix', path: '/run/libvirt/libvirt-sock' }],
    ['/run/libvirt/libvirt-sock', { scheme: 'unix', path: '/run/libvirt/libvirt-sock' }],
    ['twin://lab/north', { scheme: 'twin', lab: 'lab', host: 'north' }],
  ])('%s', (text, expected) => expect(parseAddress(text)).toEqual(expected))

  test.each([
    '',
    ' ',
    'ssh://',
    'ssh://@host',
    'ssh://host:0',
    'ssh://host:65536',
    'ssh://host:ssh',
    'ssh://-oProxyCommand=id',
    'ssh://-l@host',
    'ssh://a;b',
    'ssh://a%5Cb@host',
    'ssh://host/path',
    'ssh://[::1',
    'ssh://h%zz@host',
    'unix://relative',
    'unix:///',
    'twin://lab',
    'twin://lab/a/b',
    'http://host',
  ])('refuses %j and says what is wrong', (text) => {
    expect(() => parseAddress(text)).toThrowError(expect.objectContaining({ code: 'address-invalid', next: expect.stringContaining('ssh://') }))
  })
})

test('a formatted address reads back to the same value', () => {
  const name = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,20}$/)
  const address: fc.Arbitrary<HostAddress> = fc.oneof(
    fc.record({
      scheme: fc.constant('ssh' as const),
      user: fc.option(fc.stringMatching(/^[A-Za-z0-9@%._+]{1,12}$/)),
      host: fc.oneof(name, fc.ipV6()),
      port: fc.option(fc.integer({ min: 1, max: 65535 })),
    }),
    fc.record({ scheme: fc.constant('unix' as const), path: fc.option(fc.stringMatching(/^\/[ -~]{1,30}$/)) }),
    fc.record({ scheme: fc.constant('twin' as const), lab: name, host: name }),
  )
  fc.assert(
    fc.property(address, (value) => {
      expect(parseAddress(formatAddress(value))).toEqual(value)
    }),
  )
})
