import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Emitter } from '../../base/event.ts'
import { Failure } from '../../base/failure.ts'
import type { Settings } from '../../contract/settings.ts'
import { openStore, type Store } from '../../store/store.ts'
import { SettingsService } from './settings-service.ts'

let folder: string
let store: Store
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'drover-settings-'))
  store = await openStore(join(folder, 'drover.db'))
})
afterEach(async () => {
  await store.close()
  rmSync(folder, { recursive: true, force: true })
})

test('what was never set has a default, what was set stays, and listeners hear of it', async () => {
  const service = await SettingsService.load(store)
  expect(service.current).toMatchObject({ theme: 'system', pollSeconds: 1, useAgent: true })
  const heard: Settings[] = []
  service.onDidChange((settings) => heard.push(settings))
  await service.update({ theme: 'dark', defaultDowntimeMs: null, useAgent: undefined })
  expect(heard).toHaveLength(1)
  expect(service.current).toMatchObject({ theme: 'dark', useAgent: true })
  expect((await SettingsService.load(store)).current.theme).toBe('dark')
})

test('a range of ports the wrong way round is refused and changes nothing', async () => {
  const service = await SettingsService.load(store)
  await expect(service.update({ theme: 'dark', agentPorts: [50_000, 49_000] })).rejects.toMatchObject({ code: 'ports-reversed' })
  expect(service.current.theme).toBe('system')
})

test('the health follows the store', async () => {
  const changed = new Emitter<Failure | null>()
  let problem: Failure | null = null
  const service = await SettingsService.load({
    settings: store.settings,
    onDidChangeProblem: changed.event,
    get problem() {
      return problem
    },
  })
  expect(service.health).toEqual({ store: null })
  const heard: unknown[] = []
  service.onDidChangeHealth((health) => heard.push(health))
  problem = new Failure('store-full', 'The disk is full.', { evidence: 'SQLITE_FULL', next: 'Free some space.' })
  changed.fire(problem)
  expect(heard).toEqual([{ store: { code: 'store-full', message: 'The disk is full.', evidence: 'SQLITE_FULL', next: 'Free some space.' } }])
})
