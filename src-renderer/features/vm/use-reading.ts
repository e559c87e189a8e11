import { onScopeDispose, shallowRef, watch, type Ref, type WatchSource } from 'vue'
import type { Problem } from '../../../src-main/contract/problem.ts'
import { problemOf } from '../settings/problem-of.ts'

export interface Reading<T> {
  /** What was read last; stays while it is read anew. */
  readonly value: Readonly<Ref<T | null>>
  /** Why the last attempt failed, if it did. */
  readonly problem: Readonly<Ref<Problem | null>>
  readonly isReading: Readonly<Ref<boolean>>
  read(): Promise<void>
}

/** Something that is asked for when a page opens, and again whenever `source` changes. Call in setup. `isWanted` false puts it off. */
export function useReading<T>(ask: (signal: AbortSignal) => Promise<T>, source: WatchSource<unknown>, isWanted: () => boolean = () => true): Reading<T> {
  const value = shallowRef<T | null>(null)
  const problem = shallowRef<Problem | null>(null)
  const isReading = shallowRef(false)
  let round = new AbortController()

  async function read(): Promise<void> {
    round.abort()
    round = new AbortController()
    const { signal } = round
    isReading.value = true
    try {
      const told = await ask(signal)
      if (signal.aborted) return
      value.value = told
      problem.value = null
    } catch (thrown) {
      if (!signal.aborted) problem.value = problemOf(thrown)
    } finally {
      if (!signal.aborted) isReading.value = false
    }
  }

  watch([source, isWanted], ([, wanted]) => wanted && void read(), { immediate: true })
  onScopeDispose(() => round.abort())
  return { value, problem, isReading, read }
}
