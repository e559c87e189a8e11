/** One to many: each subscriber has everything that was published since it subscribed, in order. */
export class Publisher<T> {
  private readonly subscribers = new Set<(value: T) => void>()

  publish(value: T): void {
    for (const subscriber of this.subscribers) subscriber(value)
  }

  /** Subscribes at once, not at the first `next`. Ends with the signal. */
  subscribe(signal: AbortSignal | undefined): AsyncGenerator<T> {
    const queue: T[] = []
    let wake = () => {}
    const push = (value: T) => {
      queue.push(value)
      wake()
    }
    this.subscribers.add(push)
    signal?.addEventListener('abort', () => wake(), { once: true })
    const { subscribers } = this
    return (async function* () {
      try {
        while (!signal?.aborted) {
          const value = queue.shift()
          if (value !== undefined) yield value
          else await new Promise<void>((resolve) => (wake = resolve))
        }
      } finally {
        subscribers.delete(push)
      }
    })()
  }
}
