import { onScopeDispose, shallowRef, watch, type Ref } from 'vue'
import type { Sample, SampleTable } from './sample-table.ts'

/** The last sample of row `n`, followed; for pages and cards, where a render per second is cheap. Tiles listen to the table themselves. */
export function useSample(table: SampleTable, n: () => number | undefined): Readonly<Ref<Sample | null>> {
  const sample = shallowRef<Sample | null>(null)
  let stop = () => {}
  watch(
    n,
    (row) => {
      stop()
      sample.value = row === undefined ? null : table.at(row)
      stop = row === undefined ? () => {} : table.listen(row, () => (sample.value = table.at(row)))
    },
    { immediate: true },
  )
  onScopeDispose(() => stop())
  return sample
}
