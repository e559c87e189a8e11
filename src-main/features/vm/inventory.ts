import type { HostView } from '../../contract/host.ts'
import type { InventoryFrame } from '../../contract/inventory.ts'
import { vmKey, type VmRef, type VmView } from '../../contract/vm.ts'
import { Emitter } from '../../base/event.ts'
import { Delta, isSameRow, type SampleRow } from './frame.ts'

/** Frames that a subscriber may leave unacknowledged before its slot waits. */
const inFlightLimit = 2

interface Subscriber {
  delta: Delta
  isSnapshot: boolean
  seq: number
  acked: number
  wake: () => void
}

/** Everything that the window shows of hosts and VMs, and who is told of its changes. */
export class Inventory {
  readonly #hosts = new Map<string, HostView>()
  readonly #vms = new Map<string, VmView>()
  readonly #vmRows = new Map<number, SampleRow>()
  readonly #hostRows = new Map<number, SampleRow>()
  readonly #subscribers = new Map<string, Subscriber>()
  readonly #onDidChangeVm = new Emitter<VmView>()
  #nextNumber = 1

  /** Fires after a VM appeared or changed; samples do not fire. */
  readonly onDidChangeVm = this.#onDidChangeVm.event

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

  /**
   * Frames for one subscriber: a snapshot, then what changed. It ends with the signal, or when the same subscription is opened anew.
   * While two frames are unacknowledged, changes gather in one delta.
   */
  async *watch(subscription: string, signal: AbortSignal): AsyncGenerator<InventoryFrame, void> {
    this.#subscribers.get(subscription)?.wake()
    const subscriber: Subscriber = { delta: this.#everything(), isSnapshot: true, seq: 0, acked: 0, wake: () => {} }
    this.#subscribers.set(subscription, subscriber)
    const onAbort = () => subscriber.wake()
    signal.addEventListener('abort', onAbort)
    try {
      while (!signal.aborted && this.#subscribers.get(subscription) === subscriber) {
        const isFull = subscriber.seq - subscriber.acked >= inFlightLimit
        if (isFull || (subscriber.delta.isEmpty && !subscriber.isSnapshot)) {
          await new Promise<void>((resolve) => (subscriber.wake = resolve))
          // Changes of one tick come one by one: let them gather.
          await new Promise<void>((resolve) => setImmediate(resolve))
          continue
        }
        const frame = subscriber.delta.toFrame(++subscriber.seq, Date.now(), subscriber.isSnapshot)
        subscriber.delta = new Delta()
        subscriber.isSnapshot = false
        yield frame
      }
    } finally {
      signal.removeEventListener('abort', onAbort)
      if (this.#subscribers.get(subscription) === subscriber) this.#subscribers.delete(subscription)
    }
  }

  ack(subscription: string, seq: number): void {
    const subscriber = this.#subscribers.get(subscription)
    if (!subscriber || seq <= subscriber.acked || seq > subscriber.seq) return
    subscriber.acked = seq
    subscriber.wake()
  }

  #everything(): Delta {
    const delta = new Delta()
    for (const view of this.#hosts.values()) delta.host(view)
    for (const view of this.#vms.values()) delta.vm(view)
    for (const [n, row] of this.#hostRows) delta.hostSample(n, row)
    for (const [n, row] of this.#vmRows) delta.vmSample(n, row)
    return delta
  }

  #publish(change: (delta: Delta) => void): void {
    for (const subscriber of this.#subscribers.values()) {
      change(subscriber.delta)
      subscriber.wake()
    }
  }
}
