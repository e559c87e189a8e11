import { defineStore } from 'pinia'
import { computed, markRaw, shallowReactive, shallowRef } from 'vue'
import type { HostView } from '../../../src-main/contract/host.ts'
import type { InventoryFrame } from '../../../src-main/contract/inventory.ts'
import { SampleTable } from '../inventory/sample-table.ts'

/** Hosts as the inventory last told, replaced row by row; a component that reads one host follows that host only. */
export const useHostStore = defineStore('host', () => {
  const hosts = shallowReactive(new Map<string, HostView>())
  const samples = markRaw(new SampleTable())
  /** Counts changes of any host, for lists that are made from all. */
  const version = shallowRef(0)
  const isLoaded = shallowRef(false)

  function apply(frame: InventoryFrame): void {
    let hasChanged = frame.hosts.length > 0
    if (frame.isSnapshot) {
      const kept = new Set(frame.hosts.map((host) => host.record.id))
      for (const id of [...hosts.keys()]) if (!kept.has(id)) hasChanged = hosts.delete(id) || hasChanged
      isLoaded.value = true
    }
    for (const host of frame.hosts) hosts.set(host.record.id, host)
    for (const id of frame.removedHosts) {
      const gone = hosts.get(id)
      if (gone) samples.forget(gone.n)
      hasChanged = hosts.delete(id) || hasChanged
    }
    samples.apply(frame.hostSamples, frame.isSnapshot)
    if (hasChanged) version.value++
  }

  /** By name, as people count (`kvm2` before `kvm10`). */
  const sorted = computed(() => (void version.value, [...hosts.values()].sort((a, b) => byName(a.name, b.name))))
  const onlineCount = computed(() => sorted.value.filter((host) => host.connection.state === 'online').length)
  const asking = computed(() => sorted.value.filter((host) => host.connection.state === 'asking'))

  function name(id: string): string {
    return hosts.get(id)?.name ?? id
  }

  return { hosts, samples, version, isLoaded, apply, sorted, onlineCount, asking, name }
})

const collator = new Intl.Collator('en', { numeric: true, sensitivity: 'base' })

/** Compares names the way people do: without case, digits as numbers. */
export function byName(a: string, b: string): number {
  return collator.compare(a, b)
}
