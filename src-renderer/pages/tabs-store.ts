import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import type { RouteLocationNormalized } from 'vue-router'

export interface Tab {
  /** Path without its query: one tab per place. */
  readonly path: string
  readonly name: string
  readonly params: Readonly<Record<string, string>>
  /** Where the tab was last, with its query. */
  readonly fullPath: string
}

/** Tabs of the middle. The board is always the first and cannot be closed. */
export const useTabsStore = defineStore('tabs', () => {
  const tabs = shallowRef<readonly Tab[]>([{ path: '/', name: 'board', params: {}, fullPath: '/' }])

  /** Notes that the window went somewhere; opens a tab for it if there is none. */
  function visit(route: RouteLocationNormalized): void {
    const tab: Tab = { path: route.path, name: String(route.name ?? ''), params: route.params as Record<string, string>, fullPath: route.fullPath }
    const isKnown = tabs.value.some((other) => other.path === tab.path)
    tabs.value = isKnown ? tabs.value.map((other) => (other.path === tab.path ? tab : other)) : [...tabs.value, tab]
  }

  /** Closes a tab; answers where to go if it was the one in front. */
  function close(path: string): string {
    const at = tabs.value.findIndex((tab) => tab.path === path)
    if (at <= 0) return '/'
    tabs.value = tabs.value.filter((tab) => tab.path !== path)
    return tabs.value[Math.min(at, tabs.value.length - 1)]?.fullPath ?? '/'
  }

  /** Something went to live elsewhere, such as a VM on its new host: its tab follows. */
  function move(from: string, to: Tab): void {
    if (tabs.value.some((tab) => tab.path === to.path)) tabs.value = tabs.value.filter((tab) => tab.path !== from)
    else tabs.value = tabs.value.map((tab) => (tab.path === from ? to : tab))
  }

  return { tabs, visit, close, move }
})
