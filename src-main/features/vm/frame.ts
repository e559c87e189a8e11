import type { HostView } from '../../contract/host.ts'
import type { InventoryFrame } from '../../contract/inventory.ts'
import { vmKey, type SampleColumns, type VmView } from '../../contract/vm.ts'

/** One row of a sample; units as in the contract's SampleColumns. */
export interface SampleRow {
  readonly cpu: number
  readonly memory: number
  readonly read: number
  readonly write: number
  readonly rx: number
  readonly tx: number
}

/**
 * What changed since a subscriber's last frame. Rows overwrite rows: however slow the subscriber is, a delta is never larger than the inventory.
 */
export class Delta {
  /** True where it replaces everything that the subscriber has. */
  readonly isSnapshot: boolean
  readonly #hosts = new Map<string, HostView>()
  readonly #removedHosts = new Map<string, HostView>()
  readonly #vms = new Map<string, VmView>()
  readonly #removedVms = new Map<string, VmView>()
  readonly #vmSamples = new Map<number, SampleRow>()
  readonly #hostSamples = new Map<number, SampleRow>()

  constructor(isSnapshot = false) {
    this.isSnapshot = isSnapshot
  }

  /** Both, one after the other, as one; neither is changed. */
  static merge(earlier: Delta, later: Delta): Delta {
    const merged = new Delta(earlier.isSnapshot)
    for (const delta of [earlier, later]) for (const change of delta.changes()) change(merged)
    return merged
  }

  *changes(): Generator<(delta: Delta) => void> {
    for (const view of this.#removedHosts.values()) yield (delta) => delta.removeHost(view)
    for (const view of this.#hosts.values()) yield (delta) => delta.host(view)
    for (const view of this.#removedVms.values()) yield (delta) => delta.removeVm(view)
    for (const view of this.#vms.values()) yield (delta) => delta.vm(view)
    for (const [n, row] of this.#vmSamples) yield (delta) => delta.vmSample(n, row)
    for (const [n, row] of this.#hostSamples) yield (delta) => delta.hostSample(n, row)
  }

  host(view: HostView): void {
    this.#removedHosts.delete(view.record.id)
    this.#hosts.set(view.record.id, view)
  }

  removeHost(view: HostView): void {
    this.#hosts.delete(view.record.id)
    this.#hostSamples.delete(view.n)
    this.#removedHosts.set(view.record.id, view)
  }

  vm(view: VmView): void {
    const key = vmKey(view.ref)
    this.#removedVms.delete(key)
    this.#vms.set(key, view)
  }

  removeVm(view: VmView): void {
    const key = vmKey(view.ref)
    this.#vms.delete(key)
    this.#vmSamples.delete(view.n)
    this.#removedVms.set(key, view)
  }

  vmSample(n: number, row: SampleRow): void {
    this.#vmSamples.set(n, row)
  }

  hostSample(n: number, row: SampleRow): void {
    this.#hostSamples.set(n, row)
  }

  toFrame(seq: number, t: number): InventoryFrame {
    return {
      seq,
      t,
      isSnapshot: this.isSnapshot,
      hosts: [...this.#hosts.values()],
      removedHosts: [...this.#removedHosts.keys()],
      vms: [...this.#vms.values()],
      removedVms: [...this.#removedVms.values()].map(({ ref }) => ref),
      vmSamples: columnsOf(this.#vmSamples),
      hostSamples: columnsOf(this.#hostSamples),
    }
  }
}

function columnsOf(rows: ReadonlyMap<number, SampleRow>): SampleColumns {
  const columns: SampleColumns = { n: [], cpu: [], memory: [], read: [], write: [], rx: [], tx: [] }
  for (const [n, row] of rows) {
    columns.n.push(n)
    columns.cpu.push(row.cpu)
    columns.memory.push(row.memory)
    columns.read.push(row.read)
    columns.write.push(row.write)
    columns.rx.push(row.rx)
    columns.tx.push(row.tx)
  }
  return columns
}

/** Whether two rows would draw the same: only rows that changed travel. */
export function isSameRow(a: SampleRow | undefined, b: SampleRow): boolean {
  return (
    a !== undefined && a.cpu === b.cpu && a.memory === b.memory && a.read === b.read && a.write === b.write && a.rx === b.rx && a.tx === b.tx
  )
}
