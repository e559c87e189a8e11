import type { Event } from './event.ts'
import { Slot } from './slot.ts'

/** The last value first, then each change; a slow reader misses what was overtaken. */
export async function* latest<T>(now: T, onDidChange: Event<T>, signal: AbortSignal | undefined): AsyncGenerator<T, void, void> {
  const slot = new Slot<T, { seq: number; value: T }>(
    (_, next) => next,
    (value, seq) => ({ seq, value }),
  )
  slot.offer(now)
  const subscription = onDidChange((value) => slot.offer(value))
  try {
    for await (const { seq, value } of slot.frames(signal)) {
      yield value
      slot.ack(seq)
    }
  } finally {
    subscription.dispose()
  }
}
