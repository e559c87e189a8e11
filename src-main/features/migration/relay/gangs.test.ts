import { expect, test } from 'vitest'
import type { AgentLink } from '../../host/agent/agent-link.ts'
import { Gangs } from './gangs.ts'
import { rackOf } from './racks.ts'

/** Agents that note what is opened at them and let in. */
function agents(broken: readonly string[] = []) {
  const opened: { host: string; job: string; peers: number; carries: string }[] = []
  const closed: string[] = []
  const link = (host: string) =>
    ({
      ready: async () => (broken.includes(host) ? Promise.reject(new Error('no agent')) : {}),
      openTunnel: async ({ job, peerFingerprints, carries }: Parameters<AgentLink['openTunnel']>[0]) => {
        if (broken.includes(host)) throw new Error('no agent')
        opened.push({ host, job, peers: peerFingerprints.length, carries })
        return { port: 50_000 + opened.length }
      },
      closeTunnel: async () => void closed.push(host),
    }) as unknown as AgentLink
  return { agents: { link }, opened, closed, ports: () => [0, 0] as const }
}

const host = (name: string) => ({ host: name, name, address: `addr-${name}` })
const signal = new AbortController().signal

test('a gang opens its listeners once, and closes them behind its last VM', async () => {
  const world = agents()
  const gangs = new Gangs(world)
  const gang = { id: 'gang-00000001', size: 2 }
  const first = await gangs.join(gang, host('b'), [host('c')], signal)
  const second = await gangs.join(gang, host('c'), [host('b')], signal)
  expect(world.opened).toEqual([
    { host: 'b', job: gang.id, peers: 2, carries: 'pages' },
    { host: 'c', job: gang.id, peers: 2, carries: 'pages' },
  ])
  expect(first.way).toMatchObject({ route: { host: 'addr-b' }, reaches: [{ from: 'c', route: { host: 'addr-b' } }] })
  expect(second.way).toMatchObject({ route: { host: 'addr-c' }, reaches: [{ from: 'b', route: { host: 'addr-c' } }] })
  const keys = [first, second].map(({ way }) => (way.route.via === 'tunnel' ? way.route.identity.key : ''))
  expect(keys[0]).toBe(keys[1])
  // The other destination dials with its own key, not the source's.
  expect(JSON.stringify(first.way.reaches)).not.toContain(JSON.stringify(keys[0]).slice(1, -1))
  first.leave()
  first.leave()
  expect(world.closed).toEqual([])
  second.leave()
  await expect.poll(() => world.closed).toEqual(['b', 'c'])
})

test('another destination without an agent is left out; a destination without one fails the move, and the next try begins anew', async () => {
  const broken = ['c']
  const world = agents(broken)
  const gangs = new Gangs(world)
  const { way } = await gangs.join({ id: 'gang-00000001', size: 1 }, host('b'), [host('c')], signal)
  expect(way.reaches).toEqual([])
  const gang = { id: 'gang-00000002', size: 1 }
  await expect(gangs.join(gang, host('c'), [], signal)).rejects.toThrow('no agent')
  broken.length = 0
  await expect(gangs.join(gang, host('c'), [], signal)).resolves.toMatchObject({ way: { route: { host: 'addr-c' } } })
})

test('a destination that was not announced gets listeners of its own', async () => {
  const world = agents()
  const gangs = new Gangs(world)
  const gang = { id: 'gang-00000001', size: 2 }
  await gangs.join(gang, host('b'), [], signal)
  await gangs.join(gang, host('d'), [], signal)
  expect(world.opened.map(({ host: at, job }) => [at, job])).toEqual([['b', gang.id], ['d', `${gang.id}-2`]])
})

test('racks are tags of hosts', () => {
  const record = (id: string, tags: string[]) => ({ id, address: '', label: null, group: null, tags, migrationAddress: null, maintenance: null })
  const records = [record('a', ['rack:r1']), record('b', ['ssd', 'Rack:r2']), record('c', ['rack:r2']), record('d', [])]
  expect(records.map(rackOf)).toEqual(['r1', 'r2', 'r2', null])
})
