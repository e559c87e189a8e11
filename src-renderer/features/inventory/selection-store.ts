import { defineStore } from 'pinia'
import { computed, shallowReactive, shallowRef } from 'vue'
import type { VmRef } from '../../../src-main/contract/vm.ts'

/** What is selected, in tree and board alike. Keys are `vm:host/uuid`, `host:id` and `group:name`. */
export const useSelectionStore = defineStore('selection', () => {
  const keys = shallowReactive(new Set<string>())
  /** Where the keyboard is. */
  const lead = shallowRef<string | null>(null)
  let anchor: string | null = null

  function set(next: Iterable<string>): void {
    const wanted = new Set(next)
    for (const key of [...keys]) if (!wanted.has(key)) keys.delete(key)
    for (const key of wanted) keys.add(key)
  }

  /** A plain click. */
  function only(key: string): void {
    set([key])
    lead.value = anchor = key
  }

  /** A click with Ctrl. */
  function toggle(key: string): void {
    if (!keys.delete(key)) keys.add(key)
    lead.value = anchor = key
  }

  /** A click with Shift: from the last plain one to here, in the order that the view shows. A range holds VMs only when it begins and ends at one. */
  function extend(key: string, order: readonly string[]): void {
    const from = anchor === null ? -1 : order.indexOf(anchor)
    const to = order.indexOf(key)
    if (from < 0 || to < 0) return only(key)
    const range = order.slice(Math.min(from, to), Math.max(from, to) + 1)
    const isVmRange = anchor?.startsWith('vm:') && key.startsWith('vm:')
    set(isVmRange ? range.filter((entry) => entry.startsWith('vm:')) : range)
    lead.value = key
  }

  /** A pointer press with its modifiers. */
  function press(key: string, modifiers: { ctrlKey: boolean; metaKey: boolean; shiftKey: boolean }, order: () => readonly string[]): void {
    if (modifiers.shiftKey) extend(key, order())
    else if (modifiers.ctrlKey || modifiers.metaKey) toggle(key)
    else only(key)
  }

  function clear(): void {
    set([])
    anchor = null
  }

  /** Something went to live under another key, such as a VM on its new host: it stays selected. */
  function rename(from: string, to: string): void {
    if (keys.delete(from)) keys.add(to)
    if (lead.value === from) lead.value = to
    if (anchor === from) anchor = to
  }

  const vms = computed(() => [...keys].filter((key) => key.startsWith('vm:')).map(vmOfKey))
  const hosts = computed(() => [...keys].filter((key) => key.startsWith('host:')).map((key) => key.slice(5)))

  return { keys, lead, vms, hosts, set, only, toggle, extend, press, clear, rename }
})

/** The VM that a key `vm:host/uuid` names. A host's id may hold slashes, a uuid never does. */
export function vmOfKey(key: string): VmRef {
  const slash = key.lastIndexOf('/')
  return { host: key.slice(3, slash), uuid: key.slice(slash + 1) }
}
