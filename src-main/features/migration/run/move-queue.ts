interface Waiting {
  readonly hosts: readonly string[]
  readonly start: () => void
}

/**
 * Lets at most so many moves at a time touch one host, in the order in which they were asked for: more of them share the same wire, take longer each,
 * and dirty more memory meanwhile.
 */
export class MoveQueue {
  readonly #perHost: number
  readonly #busy = new Map<string, number>()
  readonly #waiting = new Set<Waiting>()

  constructor(perHost = 2) {
    this.#perHost = perHost
  }

  /** Resolves with what frees the place again; rejects with the signal's reason. `mustWait` hears the host that has no place. */
  async enter(hosts: readonly string[], signal: AbortSignal, mustWait: (host: string) => void): Promise<() => void> {
    signal.throwIfAborted()
    const full = this.#full(hosts)
    if (full !== undefined) {
      mustWait(full)
      await new Promise<void>((resolve, reject) => {
        const waiting: Waiting = { hosts, start: () => settle(resolve) }
        const settle = (how: () => void) => {
          this.#waiting.delete(waiting)
          signal.removeEventListener('abort', onAbort)
          how()
        }
        const onAbort = () => settle(() => reject(signal.reason))
        signal.addEventListener('abort', onAbort)
        this.#waiting.add(waiting)
      })
    } else this.#take(hosts)
    let isHeld = true
    return () => {
      if (!isHeld) return
      isHeld = false
      for (const host of hosts) this.#busy.set(host, (this.#busy.get(host) ?? 1) - 1)
      this.#next()
    }
  }

  #full(hosts: readonly string[]): string | undefined {
    return hosts.find((host) => (this.#busy.get(host) ?? 0) >= this.#perHost)
  }

  #take(hosts: readonly string[]): void {
    for (const host of hosts) this.#busy.set(host, (this.#busy.get(host) ?? 0) + 1)
  }

  #next(): void {
    for (const waiting of [...this.#waiting]) {
      if (this.#full(waiting.hosts) !== undefined) continue
      this.#take(waiting.hosts)
      waiting.start()
    }
  }
}
