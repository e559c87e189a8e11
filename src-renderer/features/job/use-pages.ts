import { onScopeDispose, shallowRef, watch } from 'vue'
import { problemOf } from '../settings/problem-of.ts'
import { useJobStore } from './job-store.ts'

const pageSize = 200

/**
 * A list that is read page by page, newest first: anew when what is searched for changes or a move ends, further back when asked. `read` answers one page before a
 * moment, of at most `limit`; `momentOf` is that of a row, in milliseconds since the epoch.
 */
export function usePages<Row>(
  query: () => string,
  read: (filter: { readonly text?: string; readonly before?: number; readonly limit: number }, signal: AbortSignal) => Promise<readonly Row[]>,
  momentOf: (row: Row) => number,
) {
  const rows = shallowRef<readonly Row[] | null>(null)
  const isComplete = shallowRef(true)
  const trouble = shallowRef<ReturnType<typeof problemOf> | null>(null)
  let round = new AbortController()

  /** What is searched for, as the contract's filter. */
  const filter = () => (query().trim() === '' ? {} : { text: query().trim() })

  async function load(before?: number): Promise<void> {
    round.abort()
    const { signal } = (round = new AbortController())
    try {
      const found = await read({ ...filter(), limit: pageSize, ...(before !== undefined && { before }) }, signal)
      rows.value = before === undefined ? found : [...(rows.value ?? []), ...found]
      isComplete.value = found.length < pageSize
      trouble.value = null
    } catch (thrown) {
      if (!signal.aborted) trouble.value = problemOf(thrown)
    }
  }

  function older(): void {
    const last = rows.value?.at(-1)
    if (last !== undefined) void load(momentOf(last))
  }

  watch(query, () => void load(), { immediate: true })
  onScopeDispose(useJobStore().onDidEnd(() => void load()))
  onScopeDispose(() => round.abort())
  return { rows, isComplete, trouble, filter, older }
}
