import { shallowRef } from 'vue'

export interface TooltipRequest {
  readonly lines: readonly string[]
  readonly anchor: Element
}

/** The one tooltip of tiles and bars; shown by UiTooltip.vue, which the frame mounts once. */
export const sharedTooltip = shallowRef<TooltipRequest | null>(null)
let timer: ReturnType<typeof setTimeout> | undefined

/** Shows `lines` at `anchor` after a short rest of the pointer; at once when another one is on screen. */
export function showTooltip(anchor: Element, lines: () => readonly string[]): void {
  clearTimeout(timer)
  const show = () => (sharedTooltip.value = anchor.isConnected ? { anchor, lines: lines() } : null)
  if (sharedTooltip.value) show()
  else timer = setTimeout(show, 350)
}

export function hideTooltip(): void {
  clearTimeout(timer)
  sharedTooltip.value = null
}
