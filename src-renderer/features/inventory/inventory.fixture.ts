import type { HostView } from '../../../src-main/contract/host.ts'
import type { InventoryFrame } from '../../../src-main/contract/inventory.ts'
import type { SampleColumns, VmView } from '../../../src-main/contract/vm.ts'

/** A host for unit tests. */
export function hostView(id: string, over: Partial<HostView> & { group?: string | null; tags?: string[] } = {}): HostView {
  const { group = null, tags = [], ...rest } = over
  return {
    n: 0,
    record: { id, address: `ssh://${id}`, label: null, group, tags, migrationAddress: null, maintenance: null, shutDown: null },
    name: id,
    connection: { state: 'online', since: 0, route: 'direct', isWritable: true },
    facts: null,
    missing: [],
    ...rest,
  }
}

/** A VM for unit tests. */
export function vmView(host: string, uuid: string, over: Partial<VmView> = {}): VmView {
  return {
    n: 0,
    ref: { host, uuid },
    name: uuid,
    title: null,
    state: 'running',
    reason: 'booted',
    tags: [],
    vcpus: 1,
    memoryKiB: 1024 * 1024,
    isPersistent: true,
    hasAutostart: false,
    hasManagedSave: false,
    job: null,
    console: { hasSerial: true, hasVnc: false, hasSpice: false },
    ...over,
  }
}

/** Columns from rows of number and CPU. */
export function columns(rows: readonly (readonly [n: number, cpu: number])[] = []): SampleColumns {
  const zeros = () => rows.map(() => 0)
  return { n: rows.map(([n]) => n), cpu: rows.map(([, cpu]) => cpu), memory: zeros(), read: zeros(), write: zeros(), rx: zeros(), tx: zeros() }
}

/** A frame of the inventory for unit tests. */
export function inventoryFrame(seq: number, over: Partial<InventoryFrame> = {}): InventoryFrame {
  return { seq, t: 0, isSnapshot: false, hosts: [], removedHosts: [], vms: [], removedVms: [], vmSamples: columns(), hostSamples: columns(), ...over }
}
