import { expect, it } from 'vitest'
import type { HostView } from '../../../src-main/contract/host.ts'
import type { VmView } from '../../../src-main/contract/vm.ts'
import { racksOf, spread } from './gang-destinations.ts'

const host = (id: string, tags: string[], over: Partial<HostView> = {}): HostView =>
  ({ n: 1, name: id, record: { id, tags, maintenance: null }, connection: { state: 'online' }, facts: { memoryKiB: 100 }, missing: [], ...over }) as unknown as HostView
const vm = (uuid: string, memoryKiB: number) => ({ ref: { host: 'a', uuid }, memoryKiB }) as VmView

it('finds racks of two connected hosts and more, without the host that the gang leaves', () => {
  const hosts = [host('a', ['rack:r1']), host('b', ['rack:r2']), host('c', ['ssd', 'Rack:r2']), host('d', ['rack:r3']), host('e', []), host('f', ['rack:r3'], { connection: { state: 'offline' } } as never)]
  expect(racksOf(hosts, new Set(['a'])).map(({ name, hosts: of }) => [name, of.map((each) => each.name)])).toEqual([['r2', ['b', 'c']]])
  expect(racksOf(hosts, new Set(['b']))).toEqual([])
})

it('spreads the largest first to where the most memory is left', () => {
  const chosen = spread([vm('1', 10), vm('2', 40), vm('3', 30)], [host('b', []), host('c', [])], (id) => (id === 'b' ? 20 : 0))
  expect(Object.fromEntries(chosen)).toEqual({ 2: 'c', 3: 'b', 1: 'c' })
})
