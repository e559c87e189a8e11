import type { HostView } from '../../contract/host.ts'
import type { InventoryFrame } from '../../contract/inventory.ts'
import { vmKey, type VmRef, type VmView } from '../../contract/vm.ts'
import { Emitter } from '../../base/event.ts'
import { Slot, Slots } from '../../base/slot.ts'
import { Delta, isSameRow, type SampleRow } from './frame.ts'

/** Everything that the window shows of hosts and VMs, and who is told of its changes. */
export class Inventory {
  readonly #hosts = new Map<string, HostView>()
  readonly #vms = new Map<string, VmView>()
  readonly #vmRows = new Map<number, SampleRow>()
  readonly #hostRows = new Map<number, SampleRow>()
  readonly #slots = new Slots<Slot<Delta, InventoryFrame>>()
  readonly #onDidChangeVm = new Emitter<VmView>()
  readonly #onDidRemoveVm = new Emitter<VmRef>()
  #nextNumber = 1
  #gathering: Delta | null = null

  /** Fires after a VM appeared or changed; samples do not fire. */
  readonly onDidChangeVm = this.#onDidChangeVm.event
  /** Fires after a VM has gone from its host. */
  readonly onDidRemoveVm = this.#onDidRemoveVm.event

  /** A number for the columns of samples, never used twice in this process. */
  claimNumber(): number {
    return this.#nextNumber++
  }

  host(id: string): HostView | undefined {
    return this.#hosts.get(id)
  }

  hosts(): IterableIterator<HostView> {
    return this.#hosts.values()
  }

  vm(ref: VmRef): VmView | undefined {
    return this.#vms.get(vmKey(ref))
  }

  vms(): IterableIterator<VmView> {
    return this.#vms.values()
  }

  /** The newest sample of a host, by its number. */
  hostRow(n: number): SampleRow | undefined {
    return this.#hostRows.get(n)
  }

  vmRow(n: number): SampleRow | undefined {
    return this.#vmRows.get(n)
  }

  setHost(view: HostView): void {
    this.#hosts.set(view.record.id, view)
    this.#publish((delta) => delta.host(view))
  }

  removeHost(id: string): void {
    const view = this.#hosts.get(id)
    if (!view) return
    for (const vm of [...this.#vms.values()]) if (vm.ref.host === id) this.removeVm(vm.ref)
    this.#hosts.delete(id)
    this.#hostRows.delete(view.n)
    this.#publish((delta) => delta.removeHost(view))
  }

  setVm(view: VmView): void {
    this.#vms.set(vmKey(view.ref), view)
    this.#publish((delta) => delta.vm(view))
    this.#onDidChangeVm.fire(view)
  }

  removeVm(ref: VmRef): void {
    const view = this.#vms.get(vmKey(ref))
    if (!view) return
    this.#vms.delete(vmKey(ref))
    this.#vmRows.delete(view.n)
    this.#publish((delta) => delta.removeVm(view))
    this.#onDidRemoveVm.fire(ref)
  }

  sampleVm(n: number, row: SampleRow): void {
    if (isSameRow(this.#vmRows.get(n), row)) return
    this.#vmRows.set(n, row)
    this.#publish((delta) => delta.vmSample(n, row))
  }

  sampleHost(n: number, row: SampleRow): void {
    if (isSameRow(this.#hostRows.get(n), row)) return
    this.#hostRows.set(n, row)
    this.#publish((delta) => delta.hostSample(n, row))
  }

  /** Frames for one subscriber: a snapshot, then what changed. It ends with the signal, or when the same subscription is opened anew. */
  async *watch(subscription: string, signal: AbortSignal): AsyncGenerator<InventoryFrame, void> {
    const slot = new Slot<Delta, InventoryFrame>(Delta.merge, (delta, seq) => delta.toFrame(seq, Date.now()))
    const remove = this.#slots.add(subscription, slot)
    slot.offer(this.#everything())
    try {
      yield* slot.frames(signal)
    } finally {
      remove()
    }
  }

  ack(subscription: string, seq: number): void {
    this.#slots.ack(subscription, seq)
  }

  #everything(): Delta {
    const delta = new Delta(true)
    for (const view of this.#hosts.values()) delta.host(view)
    for (const view of this.#vms.values()) delta.vm(view)
    for (const [n, row] of this.#hostRows) delta.hostSample(n, row)
    for (const [n, row] of this.#vmRows) delta.vmSample(n, row)
    return delta
  }

  /** Changes of one tick come one by one: they leave as one delta. */
  #publish(change: (delta: Delta) => void): void {
    if (!this.#gathering) {
      this.#gathering = new Delta()
      setImmediate(() => {
        const delta = this.#gathering
        this.#gathering = null
        if (delta) for (const slot of this.#slots) slot.offer(delta)
      })
    }
    change(this.#gathering)
  }
}
