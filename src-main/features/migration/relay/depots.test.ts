import { expect, test } from 'vitest'
import { depotUses, type DepotCandidate } from '../../../contract/depot.ts'
import { moveOptions, type MoveOptions } from '../../../contract/migration.ts'
import { depotFindings } from '../engines/scatter.ts'
import { pickDepots, type Candidate, type Depots } from './depots.ts'

const GiB = 1024 * 1024
const candidate = (name: string, freeGiB: number, mbps: number | null, against: string | null = null): Candidate => ({ host: name, name, address: `10.0.0.${name.length}`, freeKiB: freeGiB * GiB, mbps, against })
const need = { memoryKiB: 4 * GiB, replicas: 2, given: null }

test('the fastest links come first, then the most memory, and no more hosts than it takes', () => {
  const hosts = [candidate('slow', 64, 1000), candidate('fast', 8, 10_000), candidate('roomy', 32, 10_000), candidate('unknown', 64, null), candidate('other', 64, 1000)]
  const { chosen, others } = pickDepots(hosts, need)
  expect(chosen.map(({ name, why }) => [name, why])).toEqual([['roomy', 'its link is among the fastest'], ['fast', 'its link is among the fastest'], ['slow', 'its link is among the fastest']])
  expect(others.map(({ name, why }) => [name, why])).toEqual([['other', 'not needed: the picked ones have faster links'], ['unknown', 'not needed: the picked ones have faster links']])
})

test('whom the user names is taken, and nobody else; a host in maintenance only then', () => {
  const hosts = [candidate('fast', 8, 10_000), candidate('slow', 8, 1000), candidate('leaving', 64, 10_000, 'it is in maintenance')]
  expect(pickDepots(hosts, need).chosen.map(({ name }) => name)).toEqual(['fast', 'slow'])
  expect(pickDepots(hosts, need).others).toMatchObject([{ name: 'leaving', why: 'it is in maintenance' }])
  const { chosen, others } = pickDepots(hosts, { ...need, given: ['slow', 'leaving', 'gone'] })
  expect(chosen.map(({ name, why }) => [name, why])).toEqual([['leaving', 'you chose it'], ['slow', 'you chose it']])
  expect(others).toMatchObject([{ name: 'fast', why: 'you left it out' }])
  expect(pickDepots(hosts, { ...need, given: [] }).chosen).toEqual([])
})

test('what several VMs say of the hosts is one list: how many use each, whoever chose it first', () => {
  const at = (host: string, isChosen: boolean, isPossible = true): DepotCandidate => ({ host, name: host, isChosen, isPossible, spareMiB: 1000, capacityMiB: isChosen ? 500 : 300, mbps: null, why: isChosen ? 'picked' : 'not' })
  expect(depotUses([[at('a', true), at('b', false)], [at('b', true), at('c', false, false)]])).toMatchObject([
    { host: 'a', vms: 1, isChosen: true, why: 'picked' }, { host: 'b', vms: 1, isChosen: true, why: 'picked', capacityMiB: 500 }, { host: 'c', vms: 0, isPossible: false },
  ])
})

test('a host never counts for more than one copy of everything', () => {
  expect(pickDepots([candidate('huge', 512, 10_000)], need).chosen).toMatchObject([{ capacityMiB: Math.ceil(4096 * 1.1) }])
  expect(pickDepots(Array.from({ length: 20 }, (_, i) => candidate(`h${i}`, 1, 1000)), { ...need, memoryKiB: 64 * GiB }).chosen).toHaveLength(8)
})

test('too few depots are refused, one replica and little room are warned of', () => {
  const move = (depots: Depots, options: Partial<MoveOptions> = {}) =>
    depotFindings({
      plan: { vm: { host: 'a', uuid: 'u' }, destination: 'b', options: moveOptions.parse({ technique: 'scatter', ...options }) },
      domain: { name: 'web', live: { memory: { size: 4 * GiB } } } as never,
      depots,
      source: { name: 'alpha' } as never,
      destination: { name: 'beta' } as never,
    }).map(({ code, severity, fix }) => [code, severity, fix?.kind === 'option' ? fix.options : null])
  const some = (...capacities: number[]): Depots => ({ chosen: capacities.map((capacityMiB, i) => ({ host: `d${i}`, name: `delta${i}`, address: '10.0.0.9', capacityMiB, freeKiB: capacityMiB * 1024, mbps: null, against: null, why: '' })), others: [], passedOver: [] })
  expect(move(some())).toEqual([['depots-none', 'error', { technique: 'postcopy' }]])
  expect(move(some(4500))).toEqual([['depots-few', 'error', { replicas: 1 }]])
  expect(move(some(4500), { replicas: 1 })).toEqual([['depots-one-replica', 'warning', { technique: 'postcopy' }]])
  expect(move(some(4500, 4500), { replicas: 1 })).toEqual([['depots-one-replica', 'warning', { replicas: 2 }]])
  expect(move(some(1000, 1000))).toEqual([['depots-short', 'warning', null]])
  expect(move(some(4500, 4500))).toEqual([])
  expect(move(some(), { depots: [] })).toEqual([['depots-none', 'error', { depots: null }]])
  const away: Depots = { ...some(4500, 4500), passedOver: [{ host: 'd9', name: 'delta9', why: 'is not connected' }] }
  expect(move(away, { depots: ['d0', 'd1', 'd9'] })).toEqual([['depots-away', 'warning', null]])
  expect(move(away)).toEqual([])
})
