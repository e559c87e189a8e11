import { implement } from '@orpc/server'
import type { Caller } from '../../base/wire.ts'
import type { Event } from '../../base/event.ts'
import { Slot } from '../../base/slot.ts'
import { settingsContract, type AppInfo } from '../../contract/settings.ts'
import type { SettingsService } from './settings-service.ts'

/** The last value first, then each change; a slow reader misses what was overtaken. */
async function* latest<T>(now: T, onDidChange: Event<T>, signal: AbortSignal | undefined): AsyncGenerator<T, void, void> {
  const slot = new Slot<T, { seq: number; value: T }>(
    (_, next) => next,
    (value, seq) => ({ seq, value }),
  )
  slot.offer(now)
  const subscription = onDidChange((value) => slot.offer(value))
  try {
    for await (const { seq, value } of slot.frames(signal)) {
      yield value
      slot.ack(seq)
    }
  } finally {
    subscription.dispose()
  }
}

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
