import { pino } from 'pino'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { HostRecord, Maintenance } from '../../../contract/host.ts'
import type { VmView } from '../../../contract/vm.ts'
import type { Disposable } from '../../../base/disposable.ts'
import { Emitter } from '../../../base/event.ts'
import type { Hosts } from '../../host/hosts.ts'
import { Inventory } from '../../vm/inventory.ts'
import { keepMaintenance } from './maintenance-watch.ts'

// A real inventory; what the host itself says is given, for that is what counts.

const entering: Maintenance = { state: 'entering', reason: 'a dead fan', who: 'ada', since: 1000 }
let maintenance: Maintenance | null
let inventory: Inventory
let sessions: Emitter<string>
/** Names of the VMs that the host says it has; null where it does not answer. */
let says: () => Promise<string[] | null>
let asked: number
let watch: Disposable

beforeEach(() => {
  maintenance = entering
  inventory = new Inventory()
  sessions = new Emitter()
  says = () => Promise.resolve([])
  asked = 0
  const hosts = {
    list: () => [{ id: 'a', maintenance } as HostRecord],
    update: (_: string, change: { maintenance: Maintenance }) => Promise.resolve(void ({ maintenance } = change)),
    onDidChangeSession: sessions.event,
    session: () => ({
      connection: {
        async call() {
          asked++
          const left = await says()
          if (!left) throw new Error('no answer')
          return { domains: left.map((name) => ({ name })) }
        },
      },
    }),
  } as unknown as Pick<Hosts, 'list' | 'session' | 'update' | 'onDidChangeSession'>
  watch = keepMaintenance({ hosts, inventory, log: pino({ level: 'silent' }), now: () => 2000 })
  for (const name of ['web', 'db']) inventory.setVm({ n: inventory.claimNumber(), ref: { host: 'a', uuid: name }, name } as VmView)
})
afterEach(() => watch.dispose())

const leave = (name: string) => inventory.removeVm({ host: 'a', uuid: name })
const isIn = () => vi.waitUntil(() => maintenance?.state === 'in', { timeout: 2000, interval: 5 })
/** Whatever was begun has ended by then. */
const settled = () => new Promise((resolve) => setImmediate(resolve))

test('the last VM that leaves takes the host into maintenance, with its reason, who and since when', async () => {
  leave('web')
  expect(asked).toBe(0)
  leave('db')
  await isIn()
  expect(maintenance).toEqual({ ...entering, state: 'in' })
})

test.each([
  ['it says that it still has one', () => Promise.resolve(['db'])],
  ['it does not answer', () => Promise.resolve(null)],
])('the host goes on entering where %s', async (_, answer) => {
  says = answer
  leave('web')
  leave('db')
  await settled()
  expect([asked, maintenance]).toEqual([1, entering])
})

test('a host that is back after Drover, or it, was away is asked', async () => {
  leave('web')
  sessions.fire('a')
  await isIn()
})

test('a host that left maintenance while it was asked is not put back', async () => {
  says = () => {
    maintenance = null
    return Promise.resolve([])
  }
  leave('web')
  leave('db')
  await settled()
  expect(maintenance).toBeNull()
})

test('a host without maintenance is not asked at all, and what happens while it is asked is looked at once more', async () => {
  maintenance = null
  leave('web')
  leave('db')
  sessions.fire('a')
  expect(asked).toBe(0)
  maintenance = entering
  says = () => Promise.resolve(asked === 1 ? ['db'] : [])
  sessions.fire('a')
  sessions.fire('a')
  await isIn()
  expect(asked).toBe(2)
})
