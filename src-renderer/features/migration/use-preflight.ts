import { onScopeDispose, shallowRef, watch, type Ref } from 'vue'
import type { MovePlan, Preflight } from '../../../src-main/contract/migration.ts'
import type { Problem } from '../../../src-main/contract/problem.ts'
import { connectBackend } from '../../backend.ts'
import { isAbort, problemOf } from '../settings/problem-of.ts'

/** What the hosts say of the plans: `asking` keeps the last answers on screen, greyed, so that the dialog does not jump. */
export type PreflightState =
  | { readonly kind: 'idle' }
  | { readonly kind: 'asking'; readonly before: readonly Preflight[] }
  | { readonly kind: 'answered'; readonly answers: readonly Preflight[] }
  | { readonly kind: 'failed'; readonly problem: Problem }

/** Asks both hosts whenever the plans change; an older question is given up. `again` asks once more, after a fix. */
export function usePreflight(plans: Ref<readonly MovePlan[]>): { state: Readonly<Ref<PreflightState>>; again: () => void } {
  const state = shallowRef<PreflightState>({ kind: 'idle' })
  let round = new AbortController()

  async function ask(): Promise<void> {
    round.abort()
    if (plans.value.length === 0) {
      state.value = { kind: 'idle' }
      return
    }
    const { signal } = (round = new AbortController())
    const was = state.value
    state.value = { kind: 'asking', before: was.kind === 'answered' ? was.answers : was.kind === 'asking' ? was.before : [] }
    try {
      const answers = await connectBackend().client.migration.preflight({ plans: [...plans.value] }, { signal })
      if (!signal.aborted) state.value = { kind: 'answered', answers }
    } catch (thrown) {
      if (!signal.aborted && !isAbort(thrown)) state.value = { kind: 'failed', problem: problemOf(thrown) }
    }
  }

  watch(() => JSON.stringify(plans.value), () => void ask(), { immediate: true })
  onScopeDispose(() => round.abort())
  return { state, again: () => void ask() }
}
