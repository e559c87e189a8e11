import { defineStore } from 'pinia'
import { markRaw, shallowReactive, shallowRef } from 'vue'
import type { InventoryFrame } from '../../../src-main/contract/inventory.ts'
import { vmKey, type VmRef, type VmView } from '../../../src-main/contract/vm.ts'
import { byName } from '../host/host-store.ts'
import { SampleTable } from '../inventory/sample-table.ts'

/** VMs as the inventory last told, under `host/uuid`, replaced row by row; a tile that reads one VM follows that VM only. */
export const useVmStore = defineStore('vm', () => {
  const vms = shallowReactive(new Map<string, VmView>())
  const samples = markRaw(new SampleTable())
  /** Counts changes of any VM, for lists that are made from all. Samples do not count. */
  const version = shallowRef(0)
  /** Keys of a host's VMs by name. Kept up by hand, for a sort of everything on each frame would not be cheap at 2,000. */
  const keysOfHost = new Map<string, string[]>()
  const stale = new Set<string>()

  function remove(key: string): boolean {
    const gone = vms.get(key)
    if (!gone) return false
    samples.forget(gone.n)
    stale.add(gone.ref.host)
    return vms.delete(key)
  }

  function apply(frame: InventoryFrame): void {
    let hasChanged = frame.vms.length > 0
    if (frame.isSnapshot) {
      const kept = new Set(frame.vms.map((vm) => vmKey(vm.ref)))
      for (const key of [...vms.keys()]) if (!kept.has(key)) hasChanged = remove(key) || hasChanged
    }
    for (const ref of frame.removedVms) hasChanged = remove(vmKey(ref)) || hasChanged
    for (const vm of frame.vms) {
      const key = vmKey(vm.ref)
      if (vms.get(key)?.name !== vm.name) stale.add(vm.ref.host)
      vms.set(key, vm)
    }
    samples.apply(frame.vmSamples, frame.isSnapshot)
    if (stale.size > 0) resort()
    if (hasChanged) version.value++
  }

  function resort(): void {
    const lists = new Map<string, VmView[]>([...stale].map((host) => [host, []]))
    for (const vm of vms.values()) lists.get(vm.ref.host)?.push(vm)
    for (const [host, list] of lists) {
      list.sort((a, b) => byName(a.name, b.name) || (a.ref.uuid < b.ref.uuid ? -1 : 1))
      if (list.length === 0) keysOfHost.delete(host)
      else keysOfHost.set(host, list.map((vm) => vmKey(vm.ref)))
    }
    stale.clear()
  }

  /** Keys of the VMs of a host by name; the same array until one comes, goes or is renamed. Follows {@link version}. */
  function keysOn(host: string): readonly string[] {
    void version.value
    return keysOfHost.get(host) ?? none
  }

  function get(ref: VmRef): VmView | undefined {
    return vms.get(vmKey(ref))
  }

  return { vms, samples, version, apply, keysOn, get }
})

const none: readonly string[] = []
