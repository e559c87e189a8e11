import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { PlacementRule } from '../../../contract/plan.ts'
import { openStore, type Store } from '../../../store/store.ts'
import { SettingsService } from '../../settings/settings-service.ts'
import { Rules } from './rules.ts'

let folder: string
let store: Store

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'drover-rules-'))
  store = await openStore(join(folder, 'drover.db'))
})

afterEach(async () => {
  await store.close()
  rmSync(folder, { recursive: true })
})

const apart = (id: string, name: string, ...vms: string[]): PlacementRule => ({ id, name, kind: 'apart', members: { vms, tags: [] } })

test('rules are there after a restart, in their order, the changed one in its place', async () => {
  const rules = new Rules(await SettingsService.load(store))
  // At once, as from two windows.
  await Promise.all([rules.put(apart('1', 'web', 'a', 'b')), rules.put(apart('2', 'db', 'c', 'd')), rules.put({ id: '3', name: 'fast', kind: 'on-tag', tag: 'ssd', members: { vms: [], tags: ['db'] } })])
  await rules.put(apart('1', 'web servers', 'a', 'b', 'x'))
  await rules.remove('2')
  await rules.remove('2')
  await store.close()
  store = await openStore(join(folder, 'drover.db'))
  expect(new Rules(await SettingsService.load(store)).list().map(({ id, name }) => `${id} ${name}`)).toEqual(['1 web servers', '3 fast'])
})

test('a rule about nothing, or of a name that is taken, is refused and changes nothing', async () => {
  const rules = new Rules(await SettingsService.load(store))
  await rules.put(apart('1', 'web', 'a', 'b'))
  await expect(rules.put(apart('2', 'nobody'))).rejects.toMatchObject({ code: 'rule-empty' })
  await expect(rules.put(apart('2', 'web', 'c'))).rejects.toMatchObject({ code: 'rule-name-taken' })
  expect(rules.list()).toHaveLength(1)
})
