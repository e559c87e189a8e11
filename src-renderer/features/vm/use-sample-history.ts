import { onScopeDispose, shallowRef, watch, type Ref } from 'vue'
import type { History } from '../../../src-main/contract/vm.ts'
import { connectBackend } from '../../backend.ts'
import type { SampleTable } from '../inventory/sample-table.ts'
import { useNow } from '../inventory/use-now.ts'
import { isAbort } from '../settings/problem-of.ts'
import { useSettingsStore } from '../settings/settings-store.ts'
import { appendSample, emptySeries, mergeSeries, seriesFrom, type SampleSeries } from './sample-history.ts'

/** Figures of the last few VMs and hosts that were looked at, so that a chart goes on where it was when a VM has moved. Oldest first. */
const kept = new Map<string, SampleSeries>()

function keep(key: string, series: SampleSeries): void {
  kept.delete(key)
  kept.set(key, series)
  const [oldest] = kept.keys()
  if (kept.size > 12 && oldest !== undefined) kept.delete(oldest)
}

/**
 * Figures over time of row `n` of a table: what the backend remembers, then every sample that comes. A frame carries only rows that changed, so a second
 * that told nothing repeats the last one for as long as `isLive` holds; else the line breaks. `key` names the thing itself, wherever it is (a VM's uuid).
 */
export function useSampleHistory(options: {
  readonly key: string
  readonly table: SampleTable
  readonly n: () => number | undefined
  readonly isLive: () => boolean
  readonly load: (signal: AbortSignal) => Promise<History>
}): Readonly<Ref<SampleSeries>> {
  const { key, table, n, isLive, load } = options
  const series = shallowRef<SampleSeries>(kept.get(key) ?? emptySeries)
  const settings = useSettingsStore()
  const now = useNow()
  /** Beats that may fail before the line breaks. */
  const gapMs = () => (settings.settings?.pollSeconds ?? 1) * 4000
  let round = new AbortController()
  let stop = () => {}

  function take(): void {
    const row = n()
    const sample = row === undefined || !isLive() ? null : table.at(row)
    if (sample) series.value = appendSample(series.value, Date.now(), sample, gapMs())
  }

  async function refresh(): Promise<void> {
    round.abort()
    round = new AbortController()
    const { signal } = round
    try {
      const history = await load(signal)
      if (!signal.aborted) series.value = mergeSeries(series.value, seriesFrom(history, gapMs()), gapMs())
    } catch (thrown) {
      // Charts go on without the past; a host that is away says so elsewhere on the page.
      if (!isAbort(thrown)) return
    }
  }

  watch(
    n,
    (row) => {
      stop()
      stop = row === undefined ? () => {} : table.listen(row, take)
      if (row !== undefined) void refresh()
    },
    { immediate: true },
  )
  watch(now, (at) => {
    const last = series.value.t.at(-1)
    if (last !== undefined && at - last > (settings.settings?.pollSeconds ?? 1) * 1400) take()
  })
  let wasLost = false
  onScopeDispose(
    connectBackend().onDidChangeState((state) => {
      if (state.kind === 'open' && wasLost) void refresh()
      wasLost = state.kind === 'lost' || (wasLost && state.kind !== 'open')
    }),
  )
  onScopeDispose(() => {
    stop()
    round.abort()
    keep(key, series.value)
  })
  return series
}
