import { delay } from '../../src-main/base/abort.ts'
import { Failure } from '../../src-main/base/failure.ts'

/**
 * Asks `probe` until it answers something other than null, undefined or false. For conditions of other processes, which tell no event.
 * Past `deadlineMs` rejects with code `deadline`, naming `what` and the evidence asked for then.
 */
export async function until<T>(
  what: string,
  probe: () => T | Promise<T>,
  options: { deadlineMs?: number; everyMs?: number; signal?: AbortSignal | undefined; evidence?: () => string } = {},
): Promise<NonNullable<T>> {
  const { deadlineMs = 30_000, everyMs = 25, signal } = options
  const started = performance.now()
  for (;;) {
    signal?.throwIfAborted()
    const answer = await probe()
    if (answer !== null && answer !== undefined && answer !== false) return answer
    if (performance.now() - started > deadlineMs) {
      const evidence = options.evidence?.()
      throw new Failure('deadline', `${what} did not happen within ${deadlineMs / 1000} s.${evidence ? ` Last seen: ${evidence.slice(-300)}` : ''}`, evidence ? { evidence } : {})
    }
    await delay(everyMs, signal)
  }
}
