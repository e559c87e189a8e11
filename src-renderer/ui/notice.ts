import { shallowRef } from 'vue'
import { announce } from './live-region.ts'

/** What a person reads after something went wrong: the sentence, what was seen, what to do. */
export interface ProblemText {
  readonly code?: string
  readonly message: string
  readonly evidence?: string | undefined
  readonly next?: string | undefined
}

export interface NoticeAction {
  readonly label: string
  run(): void
}

export interface Notice {
  readonly id: number
  readonly tone: 'info' | 'success' | 'warning' | 'error'
  readonly title: string
  readonly problem?: ProblemText
  readonly actions: readonly NoticeAction[]
  /** Milliseconds until it goes by itself; null stays until closed. */
  readonly lastsMs: number | null
}

/** Notices on screen, oldest first; shown by UiNotices.vue. */
export const notices = shallowRef<readonly Notice[]>([])
let count = 0

/** Shows a notice. One with the same title and problem replaces its elder instead of piling up. */
export function notify(notice: { tone: Notice['tone']; title: string; problem?: ProblemText; actions?: readonly NoticeAction[]; lastsMs?: number | null }): number {
  const id = ++count
  const lastsMs = notice.lastsMs === undefined ? (notice.tone === 'error' ? null : 8000) : notice.lastsMs
  const rest = notices.value.filter((other) => other.title !== notice.title || other.problem?.message !== notice.problem?.message)
  notices.value = [...rest.slice(-3), { id, tone: notice.tone, title: notice.title, actions: notice.actions ?? [], lastsMs, ...(notice.problem && { problem: notice.problem }) }]
  announce([notice.title, notice.problem?.message, notice.problem?.next].filter(Boolean).join(' '), notice.tone === 'error' ? 'assertive' : 'polite')
  return id
}

export function dismissNotice(id: number): void {
  notices.value = notices.value.filter((notice) => notice.id !== id)
}
