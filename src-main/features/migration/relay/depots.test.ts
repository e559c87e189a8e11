import { expect, test } from 'vitest'
import { moveOptions, type MoveOptions } from '../../../contract/migration.ts'
import { depotFindings } from '../engines/scatter.ts'
import { pickDepots, type Candidate, type Depots } from './depots.ts'

const GiB = 1024 * 1024
const candidate = (name: string, freeGiB: number, mbps: number | null): Candidate => ({ host: name, name, address: `10.0.0.${name.length}`, freeKiB: freeGiB * GiB, mbps })
const need = { memoryKiB: 4 * GiB, replicas: 2, isGiven: false }

test('the fastest links come first, then the most memory, and no more hosts than it takes', () => {
  const hosts = [candidate('slow', 64, 1000), candidate('fast', 8, 10_000), candidate('roomy', 32, 10_000), candidate('unknown', 64, null), candidate('other', 64, 1000)]
  expect(pickDepots(hosts, need).map(({ name }) => name)).toEqual(['roomy', 'fast', 'slow'])
  expect(pickDepots(hosts, { ...need, isGiven: true })).toHaveLength(5)
})

test('a host never counts for more than one copy of everything', () => {
  expect(pickDepots([candidate('huge', 512, 10_000)], need)).toMatchObject([{ capacityMiB: Math.ceil(4096 * 1.1) }])
  expect(pickDepots(Array.from({ length: 20 }, (_, i) => candidate(`h${i}`, 1, 1000)), { ...need, memoryKiB: 64 * GiB })).toHaveLength(8)
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
  const some = (...capacities: number[]): Depots => ({ chosen: capacities.map((capacityMiB, i) => ({ host: `d${i}`, name: `delta${i}`, address: '10.0.0.9', capacityMiB, mbps: null })), passedOver: [] })
  expect(move(some())).toEqual([['depots-none', 'error', { technique: 'postcopy' }]])
  expect(move(some(4500))).toEqual([['depots-few', 'error', { replicas: 1 }]])
  expect(move(some(4500), { replicas: 1 })).toEqual([['depots-one-replica', 'warning', { technique: 'postcopy' }]])
  expect(move(some(4500, 4500), { replicas: 1 })).toEqual([['depots-one-replica', 'warning', { replicas: 2 }]])
  expect(move(some(1000, 1000))).toEqual([['depots-short', 'warning', null]])
  expect(move(some(4500, 4500))).toEqual([])
})
