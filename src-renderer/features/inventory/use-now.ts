import { shallowRef, type Ref } from 'vue'

const now = shallowRef(Date.now())
let timer: ReturnType<typeof setInterval> | undefined

/** The time, moved on once a second, for ages of data. One clock for the whole window, as long as it lives. */
export function useNow(): Readonly<Ref<number>> {
  timer ??= setInterval(() => (now.value = Date.now()), 1000)
  return now
}
