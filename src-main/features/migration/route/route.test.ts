import { expect, test } from 'vitest'
import type { HostFactsReader } from '../host-facts/host-facts-reader.ts'
import type { NetLink } from '../host-facts/net-links.ts'
import { discover } from './find-route.ts'
import { judge } from './probe.ts'

function link(name: string, address: string, mbps: number | null = null): NetLink {
  return { name, isUp: true, mtu: 1500, mbps, master: null, addresses: [{ address, prefix: 24 }] }
}

function destination(migrationAddresses: string[], hostname: string): Pick<HostFactsReader, 'session'> {
  return { session: { facts: { migrationAddresses, hostname } } } as unknown as HostFactsReader
}

test('a network that both hosts are in comes before the address that we dialled, the faster one first', () => {
  const near = [link('eth0', '192.168.1.1', 1000), link('mig0', '10.9.0.1', 10_000), link('virbr0', '192.168.122.1')]
  const far = [link('eth0', '192.168.1.2', 1000), link('mig0', '10.9.0.2', 10_000), link('virbr0', '192.168.122.1')]
  expect(discover(near, far, destination(['192.168.1.2', '203.0.113.5'], 'beta')).map(({ address }) => address)).toEqual(['10.9.0.2', '192.168.1.2', '203.0.113.5', 'beta'])
})

test('nothing that would lead the source to itself is tried', () => {
  expect(discover(null, null, destination(['127.0.0.1'], 'localhost.localdomain'))).toEqual([])
})

test.each([
  [{ code: 0, stderr: '' }, 'reachable'],
  [{ code: 1, stderr: 'bash: connect: Connection refused' }, 'refused'],
  [{ code: 124, stderr: '' }, 'filtered'],
  [{ code: 1, stderr: 'bash: connect: No route to host' }, 'filtered'],
  [{ code: 1, stderr: 'bash: nowhere: Name or service not known' }, 'unresolved'],
  [{ code: 1, stderr: 'bash: /dev/tcp: No such file' }, 'not-probed'],
])('a probe that said %o found the way %s', (answer, found) => {
  expect(judge(answer)).toBe(found)
})
