import { implement } from '@orpc/server'
import type { Caller } from '../../base/wire.ts'
import { latest } from '../../base/latest.ts'
import { settingsContract, type AppInfo } from '../../contract/settings.ts'
import type { SettingsService } from './settings-service.ts'

export function settingsRouter(service: SettingsService, info: Omit<AppInfo, 'shell'>) {
  const os = implement(settingsContract).$context<Caller>()
  return {
    info: os.info.handler(({ context }) => ({ ...info, shell: context.shell })),
    get: os.get.handler(() => service.current),
    update: os.update.handler(({ input }) => service.update(input)),
    watch: os.watch.handler(({ signal }) => latest(service.current, service.onDidChange, signal)),
    health: os.health.handler(({ signal }) => latest(service.health, service.onDidChangeHealth, signal)),
  }
}
