import { Failure, messageOf } from '../../base/failure.ts'
import type { Problem } from '../../contract/problem.ts'

/** Anything that was thrown, as the contract tells it. What is no {@link Failure} is a fault of ours: `internal`. */
export function problemOf(thrown: unknown): Problem {
  if (!(thrown instanceof Failure)) {
    return { code: 'internal', message: 'Something in Drover went wrong.', evidence: messageOf(thrown), next: 'Please report this with what you were doing.' }
  }
  const { code, message, evidence, next } = thrown
  return { code, message, ...(evidence !== undefined && { evidence }), ...(next !== undefined && { next }) }
}
