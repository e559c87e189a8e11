import type { Disposable } from '../../base/disposable.ts'

interface SubscriptionAbout {
  readonly name: string
  readonly register: () => Promise<unknown>
  readonly deregister: () => Promise<unknown>
  readonly isOpen: () => boolean
  readonly failed: (thrown: unknown) => void
}

/** A registration with the daemon that lives as long as somebody holds it. Calls to the daemon never overlap; only the last wish counts. */
export class Subscription implements Disposable {
  readonly #about: SubscriptionAbout
  #holders = 0
  #isRegistered = false
  #working: Promise<void> | undefined
  #refusal: { readonly thrown: unknown } | undefined

  constructor(about: SubscriptionAbout) {
    this.#about = about
  }

  hold(): Disposable {
    this.#holders++
    this.#work()
    let isHeld = true
    return {
      dispose: () => {
        if (!isHeld) return
        isHeld = false
        this.#holders--
        this.#work()
      },
    }
  }

  /** Resolves when the daemon knows; rejects with its refusal. */
  async settled(): Promise<void> {
    await this.#working
    if (this.#refusal && this.#holders > 0) throw this.#refusal.thrown
  }

  dispose(): void {
    this.#holders = 0
    this.#isRegistered = false
  }

  #work(): void {
    this.#working ??= this.#reconcile().finally(() => (this.#working = undefined))
  }

  async #reconcile(): Promise<void> {
    while (this.#holders > 0 !== this.#isRegistered && this.#about.isOpen()) {
      const isWanted = this.#holders > 0
      try {
        await (isWanted ? this.#about.register() : this.#about.deregister())
        this.#refusal = undefined
        this.#isRegistered = isWanted
      } catch (thrown) {
        // A registration that was refused is tried again with the next listener; one that could not be taken back goes with the connection.
        if (isWanted) this.#refusal = { thrown }
        else this.#isRegistered = false
        if (this.#about.isOpen()) this.#about.failed(thrown)
        return
      }
    }
  }
}
