import { expect, test } from 'vitest'
import { moveOptions, type MoveOptions } from '../../../contract/migration.ts'
import { readDomain } from '../../../libvirt/xml/domain/domain.ts'
import type { PreflightContext } from './check.ts'
import { relay } from './relay.ts'

const plain = (inside = '') => `<domain type='kvm'><name>web</name><memory unit='KiB'>1048576</memory>${inside}</domain>`

function context(options: Partial<MoveOptions>, more: { xml?: string; driver?: 'agent' | 'app'; probe?: 'filtered'; conf?: string; pageSize?: string } = {}): PreflightContext {
  const side = (name: string) => ({
    host: name,
    name,
    facts: { readFile: async () => more.conf ?? null, exec: async () => ({ code: 0, stdout: more.pageSize ?? '4096\n', stderr: '' }) },
  })
  return {
    plan: { vm: { host: 'a', uuid: 'u' }, destination: 'b', options: moveOptions.parse({ technique: 'scatter', ...options }) },
    domain: { name: 'web', isActive: true, live: readDomain(more.xml ?? plain()) },
    source: side('alpha'),
    destination: side('beta'),
    driver: more.driver ?? 'agent',
    agentProbe: more.probe ?? 'refused',
  } as unknown as PreflightContext
}

const told = async (...of: Parameters<typeof context>) => (await relay.run(context(...of))).map(({ code, severity, fix }) => [code, severity, fix?.kind === 'option' ? fix.options : null])

test('what the agents do not carry is refused, each with its reason and a way out', async () => {
  const postcopy = { technique: 'postcopy' }
  expect(await told({})).toEqual([])
  expect(await told({ tls: true })).toEqual([['relay-tls', 'error', { tls: false }]])
  expect(await told({ parallelConnections: 4, compression: 'zstd' })).toEqual([['relay-multifd', 'error', { parallelConnections: null }], ['relay-compression', 'error', { compression: 'none' }]])
  expect(await told({ storage: 'full' })).toEqual([['relay-storage', 'error', postcopy]])
  expect(await told({}, { xml: plain('<memoryBacking><hugepages/></memoryBacking>') })).toEqual([['relay-huge-pages', 'error', postcopy]])
  expect(await told({ technique: 'gang' }, { xml: plain(`<devices><memory model='virtio-mem'><target><size unit='KiB'>1024</size></target></memory></devices>`) })).toEqual([['relay-virtio-mem', 'error', { technique: 'precopy' }]])
  const vfio = `<devices><hostdev mode='subsystem' type='pci'><source><address domain='0' bus='0' slot='3' function='0'/></source></hostdev></devices>`
  expect(await told({}, { xml: plain(vfio) })).toEqual([['relay-host-device', 'error', postcopy]])
  expect((await told({}, { conf: 'migrate_tls_force = 1\n' })).map(([code]) => code)).toEqual(['relay-tls-forced', 'relay-tls-forced'])
  expect((await told({}, { pageSize: '65536\n' })).map(([code]) => code)).toEqual(['relay-page-size', 'relay-page-size'])
})

test('without an agent at both ends there is no such move', async () => {
  expect(await told({}, { driver: 'app' })).toEqual([['relay-no-agent', 'error', { technique: 'postcopy' }]])
  expect(await told({ driver: 'app' }, { driver: 'app' })).toEqual([['relay-no-agent', 'error', { driver: 'auto' }]])
  expect(await told({ technique: 'gang' }, { probe: 'filtered' })).toEqual([['agent-filtered', 'error', { technique: 'precopy' }]])
})

test('other techniques are not asked', async () => {
  expect(await told({ technique: 'precopy', tls: true, storage: 'full' }, { driver: 'app' })).toEqual([])
})
