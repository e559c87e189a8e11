import type { Disposable } from './disposable.ts'

/** Subscribe to an event; the returned disposable ends the subscription. */
export type Event<T> = (listener: (value: T) => void) => Disposable

/** The firing side of an {@link Event}. A listener that throws does not keep the others from hearing. */
export class Emitter<T> implements Disposable {
  readonly #listeners = new Set<(value: T) => void>()
  #isDisposed = false

  readonly event: Event<T> = (listener) => {
    if (this.#isDisposed) return { dispose() {} }
    // A fresh closure per subscription, so that the same function subscribed twice is two subscriptions.
    const entry = (value: T) => listener(value)
    this.#listeners.add(entry)
    return { dispose: () => void this.#listeners.delete(entry) }
  }

  fire(value: T): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(value)
      } catch (thrown) {
        queueMicrotask(() => {
          throw thrown
        })
      }
    }
  }

  get listenerCount(): number {
    return this.#listeners.size
  }

  dispose(): void {
    this.#isDisposed = true
    this.#listeners.clear()
  }
}
