import { shallowRef } from 'vue'
import type { Command } from './command.ts'

export interface MenuRequest {
  readonly label: string
  readonly commands: readonly Command[]
  /** Where the menu opens, in CSS pixels of the window. */
  readonly at: { readonly x: number; readonly y: number }
  /** Gets the focus back. */
  readonly opener: HTMLElement | null
}

/** The one menu that is open, if any; shown by CommandMenu.vue, which the frame mounts once. */
export const openMenu = shallowRef<MenuRequest | null>(null)

/** Opens the shared menu at a pointer event, or below `anchor` when it came from the keyboard. */
export function showCommandMenu(label: string, commands: readonly Command[], event: MouseEvent | KeyboardEvent, anchor?: Element | null): void {
  event.preventDefault()
  const box = (anchor ?? (event.target as Element)).getBoundingClientRect()
  const isPointer = event instanceof MouseEvent && event.type === 'contextmenu' && (event.clientX !== 0 || event.clientY !== 0)
  const at = isPointer ? { x: event.clientX, y: event.clientY } : { x: box.left + Math.min(16, box.width / 2), y: box.bottom }
  const active = document.activeElement
  openMenu.value = { label, commands, at, opener: active instanceof HTMLElement ? active : null }
}
