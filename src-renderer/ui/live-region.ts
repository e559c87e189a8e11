import { shallowReactive } from 'vue'

interface Announcement {
  readonly id: number
  readonly text: string
}

/** What screen readers are told, newest last; read by UiLiveRegion.vue. */
export const announcements = shallowReactive<{ polite: Announcement[]; assertive: Announcement[] }>({ polite: [], assertive: [] })
let count = 0

/** Says a sentence in the live region. `assertive` interrupts: for failures only. */
export function announce(text: string, urgency: 'polite' | 'assertive' = 'polite'): void {
  announcements[urgency] = [...announcements[urgency].slice(-4), { id: ++count, text }]
}
