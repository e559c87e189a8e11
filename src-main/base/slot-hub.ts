import { Slots, type Slot } from './slot.ts'

/** The slots of all who watch one of several things, such as jobs: each thing has an id, each subscription one that its client made. */
export class SlotHub<T, Frame extends { readonly seq: number }> {
  readonly #slots = new Slots<Slot<T, Frame>>()
  readonly #watchers = new Map<string, Set<Slot<T, Frame>>>()

  /** The slot's frames, for as long as somebody takes them; what is offered for `id` meanwhile comes with them. Rejects with the signal's reason. */
  async *watch(id: string, subscription: string, slot: Slot<T, Frame>, signal?: AbortSignal): AsyncGenerator<Frame, void, void> {
    const watchers = this.#watchers.get(id) ?? new Set()
    this.#watchers.set(id, watchers.add(slot))
    const forget = this.#slots.add(subscription, slot)
    try {
      yield* slot.frames(signal)
    } finally {
      forget()
      watchers.delete(slot)
      if (watchers.size === 0 && this.#watchers.get(id) === watchers) this.#watchers.delete(id)
    }
  }

  offer(id: string, value: T): void {
    for (const slot of this.#watchers.get(id) ?? []) slot.offer(value)
  }

  ack(subscription: string, seq: number): void {
    this.#slots.ack(subscription, seq)
  }

  close(): void {
    for (const slot of this.#slots) slot.close()
  }
}
