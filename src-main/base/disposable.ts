/** Something that is open and that whoever opened it closes. `dispose` is idempotent and never throws. */
export interface Disposable {
  dispose(): void
}

/** Collects disposables and disposes them in reverse order, once. */
export class DisposableStore implements Disposable {
  readonly #items = new Set<Disposable>()
  #isDisposed = false

  get isDisposed(): boolean {
    return this.#isDisposed
  }

  add<T extends Disposable>(item: T): T {
    if (this.#isDisposed) item.dispose()
    else this.#items.add(item)
    return item
  }

  /** Runs `close` on dispose. */
  defer(close: () => void): void {
    this.add({ dispose: close })
  }

  dispose(): void {
    if (this.#isDisposed) return
    this.#isDisposed = true
    for (const item of [...this.#items].reverse()) item.dispose()
    this.#items.clear()
  }
}
