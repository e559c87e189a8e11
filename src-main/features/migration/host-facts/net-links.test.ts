import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isInNetwork, parseIpAddr, parseSpeeds } from './net-links.ts'

test('reads what ip says, without link-local addresses', () => {
  const text = JSON.stringify([
    { ifname: 'lo', flags: ['LOOPBACK', 'UP'], mtu: 65536, addr_info: [{ family: 'inet', local: '127.0.0.1', prefixlen: 8, scope: 'host' }] },
    {
      ifname: 'eth0', flags: ['BROADCAST', 'UP'], mtu: 9000, master: 'br0',
      addr_info: [{ family: 'inet', local: '10.1.0.2', prefixlen: 24, scope: 'global' }, { family: 'inet6', local: 'fe80::1', prefixlen: 64, scope: 'link' }],
    },
  ])
  expect(parseIpAddr(text)[1]).toEqual({ name: 'eth0', isUp: true, mtu: 9000, mbps: null, master: 'br0', addresses: [{ address: '10.1.0.2', prefix: 24 }] })
  expect(parseIpAddr('Object "addr" is unknown')).toEqual([])
})

test('garbage instead of devices is no device', () => {
  fc.assert(fc.property(fc.json(), (text) => void parseIpAddr(text)))
})

test('a device without speed has none', () => {
  expect([...parseSpeeds('/sys/class/net/eth0/speed:10000\n/sys/class/net/virbr0/speed:-1\n')]).toEqual([['eth0', 10000]])
})

test('an address is in a network when the prefix is the same', () => {
  expect(isInNetwork('10.0.1.200', { address: '10.0.1.1', prefix: 24 })).toBe(true)
  expect(isInNetwork('10.0.2.1', { address: '10.0.1.1', prefix: 24 })).toBe(false)
  expect(isInNetwork('10.0.2.1', { address: '10.0.1.1', prefix: 22 })).toBe(true)
  expect(isInNetwork('fd00:1::5', { address: 'fd00:1:0:0:9::1', prefix: 64 })).toBe(true)
  expect(isInNetwork('fd00:1:0:1::5', { address: 'fd00:1::1', prefix: 64 })).toBe(false)
  expect(isInNetwork('::ffff:10.0.0.1', { address: '::ffff:10.0.0.9', prefix: 120 })).toBe(true)
  expect(isInNetwork('10.0.0.1', { address: 'fd00::1', prefix: 0 })).toBe(false)
  fc.assert(fc.property(fc.ipV4(), fc.integer({ min: 0, max: 32 }), (address, prefix) => void expect(isInNetwork(address, { address, prefix })).toBe(true)))
  fc.assert(fc.property(fc.ipV6(), fc.integer({ min: 0, max: 128 }), (address, prefix) => void expect(isInNetwork(address, { address, prefix })).toBe(true)))
})
