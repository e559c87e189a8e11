import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { PlacementRule } from '../../../contract/plan.ts'
import type { Model, ModelHost, ModelVm } from './model.ts'
import { place, type Wish } from './place.ts'
import { ruleBookOf } from './rule-book.ts'

const GiB = 1024 * 1024

function host(id: string, more: Partial<ModelHost> = {}): ModelHost {
  return { id, name: id, memoryKiB: 64 * GiB, capacityKiB: 60 * GiB, cpus: 16, tags: new Set(), kind: 'x86_64', excluded: null, isInMaintenance: false, ...more }
}

function vm(on: string, name: string, more: Partial<ModelVm> = {}): ModelVm {
  const uuid = `uuid-${name}`
  const ref = { host: on, uuid }
  return { uuid, ref, name, host: on, state: 'running', isActive: true, memoryKiB: 4 * GiB, vcpus: 2, cpu: 0.5, tags: new Set(), priority: 'normal', ...more }
}

function modelOf(hosts: readonly ModelHost[], vms: readonly ModelVm[], rules: readonly PlacementRule[] = []): Model {
  return { hosts, vms, rules: ruleBookOf(rules, vms) }
}

const members = (...vms: readonly string[]) => ({ vms: vms.map((name) => `uuid-${name}`), tags: [] })

/** A cluster of any kind: hosts of which some take nothing, VMs that may be too large, rules that may contradict each other, and hosts that were chosen. */
const cluster = fc
  .record({
    hosts: fc.array(
      fc.record({ gib: fc.integer({ min: 8, max: 256 }), cpus: fc.integer({ min: 1, max: 64 }), tag: fc.boolean(), isExcluded: fc.boolean(), isOther: fc.nat({ max: 9 }) }),
      { minLength: 1, maxLength: 7 },
    ),
    vms: fc.array(
      fc.record({ on: fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, fc.nat({ max: 7 })), gib: fc.integer({ min: 1, max: 48 }), cpu: fc.double({ min: 0, max: 4, noNaN: true }), isActive: fc.boolean(), tag: fc.boolean(), isMoving: fc.boolean() }),
      { maxLength: 40 },
    ),
    rules: fc.array(fc.record({ kind: fc.constantFrom('apart' as const, 'together' as const, 'on-tag' as const), vms: fc.array(fc.nat({ max: 39 }), { maxLength: 5 }), isByTag: fc.nat({ max: 9 }) }), { maxLength: 5 }),
    wishes: fc.array(fc.tuple(fc.nat({ max: 39 }), fc.nat({ max: 7 })), { maxLength: 4 }),
    isEvacuation: fc.boolean(),
  })
  .map(({ hosts, vms, rules, wishes, isEvacuation }) => {
    const first = host('h0', { excluded: isEvacuation ? 'h0 is being emptied.' : null })
    const all = [
      first,
      ...hosts.map(({ gib, cpus, tag, isExcluded, isOther }, i) =>
        host(`h${i + 1}`, { memoryKiB: gib * GiB, capacityKiB: (gib - 2) * GiB, cpus, tags: new Set(tag ? ['ssd'] : []), excluded: isExcluded ? 'maintenance' : null, kind: isOther === 0 ? 'aarch64' : 'x86_64' }),
      ),
    ]
    const machines = vms.map(({ on, gib, cpu, isActive, tag }, i) => vm(all[on % all.length]!.id, `v${i}`, { memoryKiB: gib * GiB, cpu: isActive ? cpu : 0, isActive, tags: new Set(tag ? ['db'] : []) }))
    const moving = machines.filter(({ host: on }, i) => (isEvacuation ? on === 'h0' : vms[i]!.isMoving))
    const book = rules.map(({ kind, vms: of, isByTag }, i): PlacementRule => {
      const base = { id: `r${i}`, name: `rule ${i}`, members: { vms: of.map((n) => `uuid-v${n}`), tags: isByTag === 0 ? ['db'] : [] } }
      return kind === 'on-tag' ? { ...base, kind, tag: 'ssd' } : { ...base, kind }
    })
    const chosen = new Map(wishes.map(([n, to]): [string, Wish] => [`uuid-v${n}`, { host: all[to % all.length]!.id, why: 'chosen' }]))
    return { model: modelOf(all, machines, book), moving, chosen, book }
  })

test('a plan overfills no host, breaks no rule, drops no VM, and keeps what was chosen or says why not', () => {
  fc.assert(
    fc.property(cluster, ({ model, moving, chosen, book }) => {
      const { placed, after } = place(model, moving, chosen)
      // Each VM once, in the order asked: placed, or with a reason.
      expect(placed.map(({ vm: { uuid } }) => uuid)).toEqual(moving.map(({ uuid }) => uuid))
      for (const { why } of placed) expect(why).toMatch(/./)
      const went = placed.filter(({ destination, isPossible }) => destination !== null && isPossible)
      for (const { vm: each, destination } of placed) {
        const wish = chosen.get(each.uuid)
        if (wish) expect(destination).toBe(wish.host)
      }
      const now = new Map(model.vms.map((each) => [each.uuid, each.host]))
      for (const { vm: each, destination } of went) now.set(each.uuid, destination!)
      const receivers = new Set(went.map(({ destination }) => destination!))
      for (const each of model.hosts) {
        const here = model.vms.filter(({ uuid }) => now.get(uuid) === each.id)
        // What is told of the host afterwards is what is there.
        const bin = after.bins.get(each.id)!
        expect([...bin.vms.keys()].sort()).toEqual(here.map(({ uuid }) => uuid).sort())
        expect(bin.memoryKiB).toBe(here.filter(({ isActive }) => isActive).reduce((sum, { memoryKiB }) => sum + memoryKiB, 0))
        if (!receivers.has(each.id)) continue
        expect(each.excluded).toBeNull()
        const gotActive = went.some(({ vm: { isActive }, destination }) => isActive && destination === each.id)
        if (gotActive) expect(bin.memoryKiB).toBeLessThanOrEqual(each.capacityKiB)
        for (const { vm: came } of went.filter(({ destination }) => destination === each.id)) expect(model.hosts.find(({ id }) => id === came.host)!.kind).toBe(each.kind)
      }
      for (const rule of book) {
        const group = model.vms.filter(({ uuid, tags }) => rule.members.vms.includes(uuid) || rule.members.tags.some((tag) => tags.has(tag)))
        for (const { vm: each, destination } of went) {
          if (!group.includes(each)) continue
          if (rule.kind === 'on-tag') expect(model.hosts.find(({ id }) => id === destination)!.tags.has(rule.tag)).toBe(true)
          if (rule.kind === 'apart') expect(group.filter(({ uuid }) => now.get(uuid) === destination)).toEqual([each])
          // A group that was whole stays whole.
          if (rule.kind === 'together' && new Set(group.map(({ host: on }) => on)).size === 1) expect(new Set(group.map(({ uuid }) => now.get(uuid))).size).toBe(1)
        }
      }
    }),
    { numRuns: 400 },
  )
})

test('room that a VM leaves behind is not given to another of the same plan: their order is not known yet', () => {
  const small = { memoryKiB: 8 * GiB, capacityKiB: 8 * GiB }
  const [a, b] = [vm('a', 'x', { memoryKiB: 8 * GiB }), vm('b', 'y', { memoryKiB: 8 * GiB })]
  const { placed } = place(modelOf([host('a', small), host('b', small)], [a, b]), [a, b])
  expect(placed.map(({ destination }) => destination)).toEqual([null, null])
})

test('a large VM gets room when a small one can go elsewhere', () => {
  const vms = [vm('a', 'tall', { memoryKiB: 30 * GiB, tags: new Set(['ssd-only']) }), vm('a', 'wide', { memoryKiB: 30 * GiB, priority: 'high' })]
  const rules: PlacementRule[] = [{ id: 'r', name: 'fast disks', kind: 'on-tag', tag: 'ssd', members: { vms: [], tags: ['ssd-only'] } }]
  const hosts = [host('a', { excluded: 'a is being emptied.' }), host('b', { memoryKiB: 34 * GiB, capacityKiB: 32 * GiB, tags: new Set(['ssd']) }), host('c', { memoryKiB: 64 * GiB, capacityKiB: 62 * GiB })]
  const { placed } = place(modelOf(hosts, vms, rules), vms)
  expect(placed.map(({ vm: { name }, destination }) => `${name} ${destination}`)).toEqual(['tall b', 'wide c'])
})

test.each([6, 0.09])('load is spread rather than packed, and no host is crowded while another has room, with VMs of %s GiB', (gib) => {
  const vms = Array.from({ length: 9 }, (_, i) => vm('a', `v${i}`, { memoryKiB: gib * GiB, cpu: 0 }))
  const { after } = place(modelOf([host('a', { excluded: 'a is being emptied.' }), host('b'), host('c'), host('d')], vms), vms)
  expect(['b', 'c', 'd'].map((id) => after.bins.get(id)!.vms.size)).toEqual([3, 3, 3])
})

test('the reasons name what is in the way', () => {
  const vms = [vm('a', 'huge', { memoryKiB: 500 * GiB }), vm('a', 'db1'), vm('b', 'db2')]
  const rules: PlacementRule[] = [{ id: 'r', name: 'databases', kind: 'apart', members: members('db1', 'db2') }]
  const { placed } = place(modelOf([host('a', { excluded: 'a is being emptied.' }), host('b')], vms, rules), vms.slice(0, 2))
  expect(placed.map(({ why }) => why)).toEqual([
    'No host can take it. b has 56 GiB of memory left for VMs; huge needs 500.',
    'No host can take it. db1 must be apart from db2 (rule “databases”), which is on b.',
  ])
})

test('what both hosts have said is believed', () => {
  const web = vm('a', 'web')
  const model: Model = { ...modelOf([host('a', { excluded: 'a is being emptied.' }), host('b'), host('c')], [web]), refused: (_, to) => (to === 'b' ? 'b has no bridge br0.' : undefined) }
  expect(place(model, [web]).placed[0]).toMatchObject({ destination: 'c' })
})

test('200 VMs on 16 hosts are all placed', () => {
  const hosts = Array.from({ length: 16 }, (_, i) => host(`h${i}`, { memoryKiB: 256 * GiB, capacityKiB: 248 * GiB, excluded: i === 0 ? 'h0 is being emptied.' : null }))
  const vms = Array.from({ length: 200 }, (_, i) => vm(`h${i < 100 ? 0 : i % 16}`, `v${i}`, { memoryKiB: (1 + ((i * 7) % 23)) * GiB, cpu: (i % 5) / 2 }))
  const { placed, after } = place({ hosts, vms, rules: ruleBookOf([], vms) }, vms.filter(({ host: on }) => on === 'h0'))
  expect(placed.filter(({ destination }) => destination === null)).toEqual([])
  const shares = hosts.slice(1).map(({ id, memoryKiB }) => after.bins.get(id)!.memoryKiB / memoryKiB)
  expect(Math.max(...shares) - Math.min(...shares)).toBeLessThan(0.1)
})
