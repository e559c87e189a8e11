import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Placement } from '../../../contract/cluster.ts'
import type { HostView } from '../../../contract/host.ts'
import type { Finding, MovePlan, Preflight } from '../../../contract/migration.ts'
import { planRequest, type PlacementRule, type Plan, type PlanRow } from '../../../contract/plan.ts'
import type { Settings } from '../../../contract/settings.ts'
import type { VmView } from '../../../contract/vm.ts'
import { Foreknowledge } from '../../migration/forecast/foreknowledge.ts'
import { Inventory } from '../../vm/inventory.ts'
import { Planner } from './planner.ts'

const GiB = 1024 * 1024
const signal = new AbortController().signal
let n = 1

function host(id: string, more: { gib?: number; tags?: string[]; isInMaintenance?: boolean; connection?: HostView['connection'] } = {}): HostView {
  const { gib = 64, tags = [], isInMaintenance = false, connection = { state: 'online', since: 0, route: 'socket', isWritable: true } } = more
  return {
    n: n++,
    name: id,
    record: { id, address: `ssh://${id}`, label: null, group: null, tags, migrationAddress: null, shutDown: null, maintenance: isInMaintenance ? { state: 'in', reason: 'fan', who: 'me', since: 0 } : null },
    connection,
    facts: {
      hostname: id, hostUuid: null, arch: 'x86_64', cpuModel: 'EPYC', cpuVendor: 'AMD', cpus: 16, cpuMhz: 3000, memoryKiB: gib * GiB,
      libvirtVersion: '9.0.0', hypervisor: 'QEMU', hypervisorVersion: '7.2.0', migrationAddresses: [],
    },
    missing: [],
  }
}

function vm(on: string, name: string, more: Partial<VmView> = {}): VmView {
  return {
    n: n++, ref: { host: on, uuid: `uuid-${name}` }, name, title: null, state: 'running', reason: 'booted', tags: [], vcpus: 2, memoryKiB: 4 * GiB, isPersistent: true,
    hasAutostart: false, hasManagedSave: false, job: null, console: { hasSerial: true, hasVnc: false, hasSpice: false }, ...more,
  }
}

function error(code: string, more: Partial<Finding> = {}): Finding {
  return { code, severity: 'error', subject: 'x', message: `${code}.`, ...more }
}

interface World {
  readonly views: readonly (HostView | VmView)[]
  /** What both hosts say to a plan. */
  readonly says?: (plan: MovePlan) => Finding[]
  readonly rules?: readonly PlacementRule[]
  readonly past?: readonly Placement[]
}

/** A planner over a real inventory; the hosts' answers are given. */
function plannerOf({ views, says = () => [], rules = [], past = [] }: World) {
  const inventory = new Inventory()
  for (const view of views) if ('record' in view) inventory.setHost(view)
  else inventory.setVm(view)
  const asked: MovePlan[] = []
  const knowledge = new Foreknowledge(inventory, [], { dirtyRate: () => null, mbps: () => 1000 })
  const planner = new Planner({
    inventory,
    migration: {
      foreknowledge: () => Promise.resolve(knowledge),
      preflighter: () => async (plan) => {
        asked.push(plan)
        await Promise.resolve()
        const findings = says(plan)
        const verdict = findings.some(({ severity }) => severity === 'error') ? 'blocked' : findings.length > 0 ? 'warns' : 'fits'
        return { plan, verdict, findings, forecast: knowledge.forecast({ ...plan, options: { ...plan.options, storage: 'none' } }), route: null, driver: 'agent', risk: '', virsh: '' } satisfies Preflight
      },
    },
    runs: { listEnded: () => Promise.resolve([]), samples: () => Promise.resolve([]) },
    placements: { list: ({ host: of }) => Promise.resolve(past.filter(({ from, to }) => of === undefined || from === of || to === of)) },
    settings: { current: { defaultTechnique: 'precopy', defaultBandwidthMiBps: null, defaultDowntimeMs: null, useAgent: true } as Settings },
    rules: { list: () => [...rules] },
    busyCores: () => 0.1,
  })
  const frames = async (request: unknown): Promise<[Plan, Plan]> => {
    const all: Plan[] = []
    for await (const frame of planner.plan(planRequest.parse(request), signal)) all.push(frame)
    return [all[0]!, all.at(-1)!]
  }
  return { frames, asked, planner }
}

const row = (plan: Plan, name: string): PlanRow => plan.rows.find((each) => each.name === name)!
const told = ({ rows }: Plan) => rows.map(({ name, how, destination }) => `${name} ${how} ${destination}`)

test('the first frame is there before any host was asked, with places, forecasts, slots and loads; the last is checked', async () => {
  const { frames } = plannerOf({ views: [host('a'), host('b'), host('c'), vm('a', 'web'), vm('a', 'db', { memoryKiB: 16 * GiB }), vm('a', 'old', { state: 'off' }), vm('b', 'mail')] })
  const [first, last] = await frames({ kind: 'evacuate', host: 'a' })
  expect([first.checked, first.toCheck, last.checked, last.toCheck]).toEqual([0, 3, 3, 3])
  for (const plan of [first, last]) {
    expect(told(plan)).toEqual(['db live c', 'web live b', 'old offline b'])
    expect(plan.empties).toBe(true)
    for (const { slot, forecast } of plan.rows) {
      expect(forecast?.seconds[1]).toBeGreaterThan(0)
      expect(slot?.[1]).toBeGreaterThan(slot![0])
    }
    expect(plan.seconds![0]).toBeLessThan(plan.seconds![1])
  }
  const [a, b] = last.hosts
  expect(a).toMatchObject({ excluded: 'a is being emptied.', before: { vms: 3, memoryKiB: 20 * GiB }, after: { vms: 0, memoryKiB: 0 } })
  expect(b).toMatchObject({ excluded: null, before: { vms: 1, memoryKiB: 4 * GiB }, after: { vms: 3, memoryKiB: 8 * GiB } })
  expect(last.links.map(({ source, destination, mbps, moves }) => [source, destination, mbps, moves])).toEqual(expect.arrayContaining([['a', 'b', 1000, 2], ['a', 'c', 1000, 1]]))
})

test('where one host refuses a VM another is found; where all do, nothing is done with it until a way is chosen', async () => {
  const copy = { kind: 'option', label: 'Copy the disk', options: { storage: 'full' } } as const
  const says = ({ vm: { uuid }, destination, options }: MovePlan): Finding[] => {
    if (uuid === 'uuid-web' && destination === 'b') return [error('bridge-missing')]
    if (uuid === 'uuid-db' && options.storage === 'none') return [error('disk-missing', { fix: copy })]
    if (uuid === 'uuid-gpu') return [error('host-device', { message: 'gpu holds a card of a.' })]
    return []
  }
  const world = { views: [host('a'), host('b', { gib: 32 }), host('c'), vm('a', 'web'), vm('a', 'db'), vm('a', 'gpu')], says }
  const [, plan] = await plannerOf(world).frames({ kind: 'evacuate', host: 'a' })
  expect(row(plan, 'web')).toMatchObject({ destination: 'c', how: 'live', obstacle: null })
  const db = row(plan, 'db')
  expect(db).toMatchObject({ how: 'stay', verdict: 'blocked', obstacle: { problem: { code: 'disk-missing' }, chosen: 'leave' } })
  expect(db.obstacle!.choices.map(({ choice, whyNot }) => [choice, whyNot === null])).toEqual([['copy-storage', true], ['save-and-move', true], ['shut-down-and-start', true], ['leave', true]])
  const gpu = row(plan, 'gpu')
  expect(gpu).toMatchObject({ how: 'stay', slot: null })
  expect(gpu.obstacle!.choices.find(({ choice }) => choice === 'save-and-move')!.whyNot).toBe('QEMU does not save it: gpu holds a card of a.')
  expect(plan.empties).toBe(false)
  expect(plan.warnings).toMatchObject([{ code: 'not-emptied', message: 'a will not be empty: db and gpu stay.' }])
  expect(plan.hosts[0]!.after.vms).toBe(2)

  const edits = [
    { vm: { host: 'a', uuid: 'uuid-db' }, choice: 'copy-storage' },
    { vm: { host: 'a', uuid: 'uuid-gpu' }, choice: 'shut-down-and-start' },
  ]
  const [, chosen] = await plannerOf(world).frames({ kind: 'evacuate', host: 'a', edits })
  expect(row(chosen, 'db')).toMatchObject({ how: 'live', options: { storage: 'full' }, verdict: 'fits', obstacle: { chosen: 'copy-storage' } })
  // The card is part of its definition: no other host can start it with that.
  expect(row(chosen, 'gpu')).toMatchObject({ how: 'stay', obstacle: { chosen: 'shut-down-and-start' } })
})

test('a host that has no memory free just now is passed over, though a single move would only warn', async () => {
  const says = ({ destination }: MovePlan): Finding[] => (destination === 'b' ? [error('memory-short', { severity: 'warning', message: 'b has too little memory free.' })] : [])
  const [, plan] = await plannerOf({ views: [host('a'), host('b'), host('c', { gib: 32 }), vm('a', 'web')], says }).frames({ kind: 'evacuate', host: 'a' })
  expect(row(plan, 'web')).toMatchObject({ destination: 'c', how: 'live' })
  const [, only] = await plannerOf({ views: [host('a'), host('b'), vm('a', 'web')], says }).frames({ kind: 'evacuate', host: 'a' })
  expect(row(only, 'web')).toMatchObject({ how: 'stay', obstacle: { problem: { code: 'memory-short' } } })
})

test('a VM that is shut down for its move takes its disks along where they do not reach the other host', async () => {
  const copy = { kind: 'option', label: 'Copy the disk', options: { storage: 'full' } } as const
  const says = ({ options }: MovePlan) => [...(options.technique === 'offline' ? [error('vm-running')] : [error('cpu-passthrough-differs')]), ...(options.storage === 'none' ? [error('disk-local', { fix: copy })] : [])]
  const request = (choice: string) => ({ kind: 'evacuate', host: 'a', edits: [{ vm: { host: 'a', uuid: 'uuid-web' }, choice }] })
  const world = { views: [host('a'), host('b'), vm('a', 'web')], says }
  const [, plan] = await plannerOf(world).frames(request('shut-down-and-start'))
  expect(row(plan, 'web')).toMatchObject({ how: 'shut-down-and-start', options: { technique: 'offline', storage: 'full' }, obstacle: { chosen: 'shut-down-and-start' } })
  expect(plan.empties).toBe(true)
  // A saved guest wakes up on the same CPU or not at all; a transient one is gone once it is off.
  const [, saved] = await plannerOf(world).frames(request('save-and-move'))
  expect(row(saved, 'web')).toMatchObject({ how: 'stay' })
  const transient = { ...world, views: [host('a'), host('b'), vm('a', 'web', { isPersistent: false })] }
  const [, gone] = await plannerOf(transient).frames(request('shut-down-and-start'))
  expect(row(gone, 'web').obstacle!.choices[2]!.whyNot).toMatch(/gone once it is off/)
  expect(row(gone, 'web').how).toBe('stay')
})

test('what the user changed is kept: another host, other options, left out, pinned; what cannot be is said and not done', async () => {
  const vms = ['web', 'db', 'mail', 'dns', 'big'].map((name) => vm('a', name, name === 'big' ? { memoryKiB: 40 * GiB } : {}))
  const edit = (name: string, more: object) => ({ vm: { host: 'a', uuid: `uuid-${name}` }, ...more })
  const edits = [edit('web', { destination: 'c' }), edit('db', { options: { technique: 'postcopy' } }), edit('mail', { decision: 'skip' }), edit('dns', { decision: 'pin' }), edit('big', { destination: 'c' })]
  const { frames, asked } = plannerOf({ views: [host('a'), host('b'), host('c', { gib: 16 }), ...vms] })
  const [, plan] = await frames({ kind: 'evacuate', host: 'a', edits })
  expect(row(plan, 'web')).toMatchObject({ destination: 'c', how: 'live', why: 'You chose this host.' })
  expect(row(plan, 'db').options).toMatchObject({ technique: 'postcopy' })
  expect(row(plan, 'mail')).toMatchObject({ decision: 'skip', how: 'stay', destination: null })
  expect(row(plan, 'dns')).toMatchObject({ decision: 'pin', how: 'stay' })
  expect(row(plan, 'big')).toMatchObject({ destination: 'c', how: 'stay', verdict: 'blocked', findings: [{ code: 'host-not-possible' }] })
  expect(asked.map(({ vm: { uuid } }) => uuid).sort()).toEqual(['uuid-db', 'uuid-web'])
})

test('hosts in maintenance, away, or only to be looked at take nothing', async () => {
  const offline = { state: 'offline', since: 0, problem: { code: 'x', message: '' }, retryAt: null, seenAt: null } as const
  const views = [host('a'), host('b', { isInMaintenance: true }), host('c', { connection: offline }), host('d', { connection: { state: 'online', since: 0, route: 's', isWritable: false } }), vm('a', 'web')]
  const [, plan] = await plannerOf({ views }).frames({ kind: 'evacuate', host: 'a' })
  expect(row(plan, 'web')).toMatchObject({ destination: null, how: 'stay', why: 'No other host takes VMs now.' })
  expect(plan.hosts.map(({ excluded }) => excluded)).toEqual(['a is being emptied.', 'b is in maintenance (fan).', 'c is not connected.', 'd can only be looked at.'])
})

test.each([
  [{ kind: 'evacuate', host: 'empty' }, 'nothing-to-plan', 'empty has no VMs.'],
  [{ kind: 'evacuate', host: 'nowhere' }, 'host-unknown', 'This host is not known to Drover.'],
  [{ kind: 'return', host: 'a' }, 'nothing-to-plan', 'No VM is known that was moved off a and is on another host now.'],
  [{ kind: 'undo' }, 'nothing-to-plan', 'Nothing has been moved yet.'],
  [{ kind: 'undo', placement: 'x' }, 'placement-unknown', 'This move is not known.'],
  [{ kind: 'balance' }, 'nothing-to-plan', 'Load is even: no host is fuller than another by more than 15 %, and none is above 90 %.'],
])('%o is refused with %s', async (request, code, message) => {
  await expect(plannerOf({ views: [host('a'), host('empty'), vm('a', 'web')] }).frames(request)).rejects.toMatchObject({ code, message })
})

function placed(id: string, name: string, from: string, to: string, t: number, more: Partial<Placement> = {}): Placement {
  return { id, t, vm: `uuid-${name}`, vmName: name, from, fromName: from, to, toName: to, technique: 'precopy', run: 'run-1', kind: 'evacuate', reason: '', who: 'me', seconds: 1, downtimeMs: 10, bytes: 1, ...more }
}

test('VMs come back to where they were, as far as they still fit; those that left before the last evacuation do not', async () => {
  const views = [host('a', { gib: 8, isInMaintenance: true }), host('b'), host('c'), vm('b', 'web'), vm('c', 'db'), vm('b', 'big', { memoryKiB: 6 * GiB }), vm('b', 'long-gone')]
  const past = [placed('4', 'db', 'b', 'c', 40, { kind: 'balance', run: 'run-2' }), placed('3', 'web', 'a', 'b', 30), placed('2', 'db', 'a', 'b', 20), placed('1', 'big', 'a', 'b', 10), placed('0', 'long-gone', 'a', 'b', 1, { run: null, kind: 'move' })]
  const [, plan] = await plannerOf({ views, past }).frames({ kind: 'return', host: 'a' })
  expect(plan.rows.map(({ name, how }) => `${name} ${how}`).sort()).toEqual(['big live', 'db stay', 'web stay'])
  expect(plan.warnings.map(({ code }) => code)).toContain('host-in-maintenance')
  const [, some] = await plannerOf({ views, past }).frames({ kind: 'return', host: 'a', vms: ['uuid-web'] })
  expect(told(some)).toEqual(['web live a'])
})

test('the last move is undone, or the one that is named, as long as the VM is still there', async () => {
  const views = [host('a'), host('b'), vm('b', 'web'), vm('b', 'db')]
  const past = [placed('3', 'web', 'a', 'b', 30, { kind: 'undo' }), placed('2', 'db', 'a', 'b', 20), placed('1', 'web', 'b', 'a', 10)]
  expect(told((await plannerOf({ views, past }).frames({ kind: 'undo' }))[1])).toEqual(['db live a'])
  await expect(plannerOf({ views, past }).frames({ kind: 'undo', placement: '1' })).rejects.toMatchObject({ code: 'nothing-to-plan', message: 'web has been moved again since: it is on b now.' })
})

test('balance evens load with few moves, says why for each, and leaves hosts in maintenance alone', async () => {
  const crowd = Array.from({ length: 12 }, (_, i) => vm('a', `v${i}`))
  const views = [host('a'), host('b'), host('m', { isInMaintenance: true }), ...crowd, vm('m', 'left')]
  const [, plan] = await plannerOf({ views }).frames({ kind: 'balance' })
  expect(plan.rows).toHaveLength(5)
  for (const each of plan.rows) expect(each).toMatchObject({ destination: 'b', how: 'live', why: 'With this plan a goes from 75 % to 44 % of its memory, and b goes from 0 % to 31 %.'.replace('31 %.', '31 % of its memory.') })
  const pins = plan.rows.map(({ vm: ref }) => ({ vm: ref, decision: 'pin' }))
  const [, pinned] = await plannerOf({ views }).frames({ kind: 'balance', edits: pins })
  expect(pinned.rows.filter(({ decision }) => decision === 'pin')).toHaveLength(5)
  expect(pinned.rows.filter(({ how }) => how !== 'stay').every(({ vm: { uuid } }) => pins.every(({ vm: ref }) => ref.uuid !== uuid))).toBe(true)
  const rules: PlacementRule[] = [{ id: 'r', name: 'licence', kind: 'on-tag', tag: 'licensed', members: { vms: crowd.map(({ ref }) => ref.uuid), tags: [] } }]
  await expect(plannerOf({ views: [host('a', { tags: ['licensed'] }), host('b'), ...crowd], rules }).frames({ kind: 'balance' })).rejects.toMatchObject({ code: 'nothing-to-plan' })
})

test('a budget is shared out to the moves that may go on at once, and moves begin no faster than asked', async () => {
  const { frames } = plannerOf({ views: [host('a'), host('b'), vm('a', 'web'), vm('a', 'db')] })
  const [, plan] = await frames({ kind: 'evacuate', host: 'a', perHost: 2, perLink: 2, bandwidthMiBps: 50, staggerSeconds: 30 })
  expect(plan.rows.map(({ options }) => options?.bandwidthMiBps)).toEqual([25, 25])
  expect(plan.rows.map(({ slot }) => slot?.[0])).toEqual([0, 30])
})

test('another host is found for a VM whose turn has come', () => {
  const { planner } = plannerOf({ views: [host('a'), host('b'), host('c', { gib: 32 }), vm('a', 'web')] })
  expect(planner.placeNow({ host: 'a', uuid: 'uuid-web' }, new Map([['b', 'b has just refused it.']]))).toMatchObject({ destination: 'c' })
  expect(planner.placeNow({ host: 'a', uuid: 'uuid-web' }, new Map([['b', 'x'], ['c', 'y']]))).toEqual({ destination: null, why: 'No other host takes VMs now.' })
  expect(() => planner.placeNow({ host: 'a', uuid: 'gone' }, new Map())).toThrow('This VM is no longer on that host.')
})

test('a row that is tried again goes to another host only where its own cannot take it any more', () => {
  const { planner } = plannerOf({ views: [host('a'), host('b', { isInMaintenance: true }), host('c'), vm('a', 'web'), vm('a', 'huge', { memoryKiB: 900 * GiB })] })
  expect(planner.elsewhere({ host: 'a', uuid: 'uuid-web' }, 'c')).toBeNull()
  expect(planner.elsewhere({ host: 'a', uuid: 'uuid-web' }, 'b')).toEqual({ destination: 'c', why: 'web goes to c instead: b is in maintenance (fan).' })
  expect(planner.elsewhere({ host: 'a', uuid: 'uuid-huge' }, 'b')).toBeNull()
  expect(planner.elsewhere({ host: 'a', uuid: 'gone' }, 'b')).toBeNull()
})

test('whatever hosts answer, no frame drops a VM, overfills a host or moves what is refused', async () => {
  const sizes = fc.array(fc.record({ gib: fc.integer({ min: 1, max: 24 }), isOff: fc.boolean() }), { minLength: 1, maxLength: 14 })
  const codes = fc.constantFrom(null, null, 'bridge-missing', 'cpu-incompatible', 'host-device', 'disk-missing')
  await fc.assert(
    fc.asyncProperty(sizes, fc.array(fc.integer({ min: 8, max: 64 }), { minLength: 1, maxLength: 5 }), fc.array(codes, { minLength: 80, maxLength: 80 }), fc.boolean(), async (vms, hosts, answers, isApart) => {
      const views = [host('h0', { gib: 512 }), ...hosts.map((gib, i) => host(`h${i + 1}`, { gib })), ...vms.map(({ gib, isOff }, i) => vm('h0', `v${i}`, { memoryKiB: gib * GiB, state: isOff ? 'off' : 'running' }))]
      const answer = ({ vm: { uuid }, destination }: MovePlan) => answers[(Number(uuid.slice(6)) * 5 + Number(destination.slice(1))) % answers.length]
      const says = (plan: MovePlan) => {
        const code = answer(plan)
        return code ? [error(code)] : []
      }
      const rules: PlacementRule[] = isApart ? [{ id: 'r', name: 'apart', kind: 'apart', members: { vms: ['uuid-v0', 'uuid-v1', 'uuid-v2'], tags: [] } }] : []
      const [first, last] = await plannerOf({ views, says, rules }).frames({ kind: 'evacuate', host: 'h0' })
      for (const plan of [first, last]) {
        expect(plan.rows.map(({ name }) => name).sort()).toEqual(vms.map((_, i) => `v${i}`).sort())
        for (const each of plan.hosts.slice(1)) expect(each.after.memoryKiB).toBeLessThanOrEqual(each.memoryKiB * 0.96)
        for (const { how, why, slot } of plan.rows) {
          expect(why).not.toBe('')
          expect(slot === null).toBe(how === 'stay')
        }
        const apart = plan.rows.filter(({ name, how }) => how !== 'stay' && ['v0', 'v1', 'v2'].includes(name)).map(({ destination }) => destination)
        if (isApart) expect(new Set(apart).size).toBe(apart.length)
      }
      expect(last.checked).toBe(last.toCheck)
      for (const { how, vm: ref, destination, options, obstacle, verdict } of last.rows) {
        if (how === 'stay') expect(obstacle).not.toBeNull()
        else expect(answer({ vm: ref, destination: destination!, options: options! }) ?? null).toBeNull()
        expect(verdict === 'blocked').toBe(how === 'stay')
      }
    }),
    { numRuns: 150 },
  )
})

test('a plan that nobody waits for any more asks no more hosts', async () => {
  const { planner, asked } = plannerOf({ views: [host('a'), host('b', { gib: 512 }), ...Array.from({ length: 40 }, (_, i) => vm('a', `v${i}`))] })
  const frames = planner.plan(planRequest.parse({ kind: 'evacuate', host: 'a' }), signal)
  await frames.next()
  await frames.return()
  expect(asked.length).toBe(0)
})
