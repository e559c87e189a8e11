import { usePreferredDark } from '@vueuse/core'
import { defineStore } from 'pinia'
import { computed, shallowRef, watchEffect } from 'vue'
import type { AppInfo, Settings } from '../../../src-main/contract/settings.ts'
import { connectBackend, type Backend, type Watch } from '../../backend.ts'
import { orNotify } from './problem-of.ts'

/** The user's settings and what this program is. Null until the first answer. */
export const useSettingsStore = defineStore('settings', () => {
  const settings = shallowRef<Settings | null>(null)
  const info = shallowRef<AppInfo | null>(null)
  const prefersDark = usePreferredDark()
  const isDark = computed(() => (settings.value?.theme ?? 'system') === 'dark' || ((settings.value?.theme ?? 'system') === 'system' && prefersDark.value))

  function follow(backend: Backend): Watch {
    watchEffect(() => {
      document.documentElement.classList.toggle('dark', isDark.value)
      document.documentElement.classList.toggle('light', !isDark.value)
    })
    return backend.watch<Settings>({
      open: async (client, signal) => {
        info.value = await client.settings.info(undefined, { signal })
        settings.value = await client.settings.get(undefined, { signal })
        return client.settings.watch(undefined, { signal })
      },
      onValue: (value) => (settings.value = value),
    })
  }

  /** Changes at once what the window shows, and takes it back with a notice when it is refused. */
  async function update(change: Partial<Settings>): Promise<void> {
    const before = settings.value
    if (before) settings.value = { ...before, ...change }
    const kept = await orNotify('Change a setting', () => connectBackend().client.settings.update(change))
    settings.value = kept ?? before
  }

  return { settings, info, isDark, follow, update }
})
