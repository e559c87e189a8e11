import { ORPCError } from '@orpc/client'
import { problem, type Problem } from '../../../src-main/contract/problem.ts'
import { BackendLost } from '../../backend.ts'
import { notify } from '../../ui/notice.ts'

/** What a failed call says to a person, whatever was thrown. */
export function problemOf(thrown: unknown): Problem {
  if (thrown instanceof ORPCError && thrown.code === 'PROBLEM') {
    const told = problem.safeParse(thrown.data)
    if (told.success) return told.data
  }
  if (thrown instanceof BackendLost) {
    return { code: 'backend-lost', message: thrown.message, next: 'Whether it took effect is not known. The window reconnects by itself; look again then.' }
  }
  const text = thrown instanceof Error ? thrown.message : String(thrown)
  return { code: 'unexpected', message: 'Drover did not expect this to fail.', evidence: text, next: 'Try again. If it stays, the log in the profile folder says more.' }
}

/** Whether a call was given up by the window itself, which is no failure. */
export function isAbort(thrown: unknown): boolean {
  return thrown instanceof DOMException && thrown.name === 'AbortError'
}

/** Runs something and shows a notice if it fails. `title` says what was tried (`Start web-1`). Resolves with undefined after a failure. */
export async function orNotify<T>(title: string, act: () => Promise<T>): Promise<T | undefined> {
  try {
    return await act()
  } catch (thrown) {
    if (!isAbort(thrown)) notify({ tone: 'error', title, problem: problemOf(thrown) })
    return undefined
  }
}
