import type { HostView } from '../../contract/host.ts'
import type { InventoryFrame } from '../../contract/inventory.ts'
import { vmKey, type SampleColumns, type VmRef, type VmView } from '../../contract/vm.ts'

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
  readonly #hosts = new Map<string, HostView>()
  readonly #removedHosts = new Set<string>()
  readonly #vms = new Map<string, VmView>()
  readonly #removedVms = new Map<string, VmRef>()
  readonly #vmSamples = new Map<number, SampleRow>()
  readonly #hostSamples = new Map<number, SampleRow>()

  get isEmpty(): boolean {
    return (
      this.#hosts.size + this.#removedHosts.size + this.#vms.size + this.#removedVms.size + this.#vmSamples.size + this.#hostSamples.size === 0
    )
  }

  host(view: HostView): void {
    this.#removedHosts.delete(view.record.id)
    this.#hosts.set(view.record.id, view)
  }

  removeHost(view: HostView): void {
    this.#hosts.delete(view.record.id)
    this.#hostSamples.delete(view.n)
    this.#removedHosts.add(view.record.id)
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
    this.#removedVms.set(key, view.ref)
  }

  vmSample(n: number, row: SampleRow): void {
    this.#vmSamples.set(n, row)
  }

  hostSample(n: number, row: SampleRow): void {
    this.#hostSamples.set(n, row)
  }

  toFrame(seq: number, t: number, isSnapshot: boolean): InventoryFrame {
    return {
      seq,
      t,
      isSnapshot,
      hosts: [...this.#hosts.values()],
      removedHosts: [...this.#removedHosts],
      vms: [...this.#vms.values()],
      removedVms: [...this.#removedVms.values()],
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
