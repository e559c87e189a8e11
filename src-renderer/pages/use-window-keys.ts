import { useEventListener } from '@vueuse/core'
import { useMoveIntentStore } from '../features/migration/move-intent-store.ts'
import { runCommand } from '../ui/command/command.ts'
import { useCommands } from '../ui/command/command-registry.ts'
import { isTyping, matchesShortcut } from '../ui/command/shortcut.ts'
import { announce } from '../ui/live-region.ts'
import { notify } from '../ui/notice.ts'

/** Parts of the window that F6 goes round. */
const parts = ['[role=tree]', '[role=tab][aria-selected=true]', '[role=grid], .page', '#task-list', '.bar .search']

/** Keys of the whole window. Call once, in the frame's setup. */
export function useWindowKeys(): void {
  const commands = useCommands()
  const intents = useMoveIntentStore()

  useEventListener(window, 'keydown', (event: KeyboardEvent) => {
    if (event.defaultPrevented) return
    const target = event.target instanceof Element ? event.target : document.body
    if (target.closest('[role=dialog], [role=menu]')) return
    if (event.key === 'F6') {
      event.preventDefault()
      return nextPart(target, event.shiftKey ? -1 : 1)
    }
    if (event.key === 'Escape' && intents.intent?.kind === 'cut') {
      intents.end()
      return announce('Nothing is cut any more.')
    }
    // Enter belongs to what has the focus; text fields keep their keys but for chords that mean nothing to them.
    if (event.key === 'Enter') return
    const found = commands.value.find((command) => command.shortcut !== undefined && matchesShortcut(command.shortcut, event))
    if (!found || (isTyping(event) && !['Ctrl+K', 'Ctrl+J'].includes(found.shortcut ?? ''))) return
    event.preventDefault()
    runCommand(found, (reason) => notify({ tone: 'info', title: `${found.title.replace(/…$/, '')} is not possible`, problem: { message: reason }, lastsMs: 4000 }))
  })

  function nextPart(from: Element, step: 1 | -1): void {
    const found = parts.map((selector) => document.querySelector<HTMLElement>(selector)).filter((part) => part !== null)
    const at = found.findIndex((part) => part.contains(from))
    found[(at + step + found.length) % found.length]?.focus()
  }
}
