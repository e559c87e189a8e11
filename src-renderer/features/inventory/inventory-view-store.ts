import { useLocalStorage } from '@vueuse/core'
import { defineStore } from 'pinia'
import { computed, shallowRef } from 'vue'
import type { HostView } from '../../../src-main/contract/host.ts'
import { useHostStore } from '../host/host-store.ts'
import { useVmStore } from '../vm/vm-store.ts'
import { matchesHost, matchesVm, parseFilter } from './inventory-filter.ts'
import { buildTreeRows, type TreeHost } from './tree-rows.ts'

/** What of the inventory is shown: the filter that tree and board share, and which lines of the tree are closed. */
export const useInventoryViewStore = defineStore('inventory-view', () => {
  const hosts = useHostStore()
  const vms = useVmStore()
  const filterText = shallowRef('')
  const filter = computed(() => parseFilter(filterText.value))
  const isFiltered = computed(() => filter.value.length > 0)
  const closed = useLocalStorage<string[]>('drover-tree-closed', [])
  const closedSet = computed(() => new Set(closed.value))
  const lists = new Map<string, readonly string[]>()

  /** The same array as last time when nothing in it changed, so that cards which show it stay as they are. */
  function kept(host: string, next: readonly string[]): readonly string[] {
    const before = lists.get(host)
    if (before && before.length === next.length && before.every((key, index) => key === next[index])) return before
    lists.set(host, next)
    return next
  }

  /** Keys of the VMs on a host that pass, and whether the host is shown at all. */
  function passing(host: HostView): { isShown: boolean; keys: readonly string[] } {
    const id = host.record.id
    const all = vms.keysOn(id)
    if (!isFiltered.value) return { isShown: true, keys: kept(id, all) }
    const keys = all.filter((key) => {
      const vm = vms.vms.get(key)
      return vm !== undefined && matchesVm(filter.value, vm, host)
    })
    return { isShown: keys.length > 0 || matchesHost(filter.value, host), keys: kept(id, keys) }
  }

  const shown = computed<TreeHost[]>(() =>
    hosts.sorted.flatMap((host) => {
      const { isShown, keys } = passing(host)
      return isShown ? [{ host, vms: keys }] : []
    }),
  )
  /** While something is searched for everything stands open. */
  const rows = computed(() => buildTreeRows(shown.value, (key) => !isFiltered.value && closedSet.value.has(key)))
  const shownVmCount = computed(() => shown.value.reduce((sum, entry) => sum + entry.vms.length, 0))

  function setClosed(key: string, isClosed: boolean): void {
    closed.value = isClosed ? [...closed.value.filter((other) => other !== key), key] : closed.value.filter((other) => other !== key)
  }

  return { filterText, isFiltered, shown, rows, shownVmCount, setClosed }
})
