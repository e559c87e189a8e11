const isMac = typeof navigator !== 'undefined' && /Mac|iP(hone|ad)/.test(navigator.platform)

/** Whether a key event is the chord `text` (`Ctrl+K`, `Delete`, `?`). `Ctrl` is the Command key on a Mac. */
export function matchesShortcut(text: string, event: KeyboardEvent): boolean {
  const parts = text.split('+')
  const key = parts.pop() ?? ''
  const wants = { ctrl: parts.includes('Ctrl'), shift: parts.includes('Shift'), alt: parts.includes('Alt') }
  const hasCtrl = isMac ? event.metaKey : event.ctrlKey
  if (hasCtrl !== wants.ctrl || event.altKey !== wants.alt) return false
  // The shift of a sign such as ? belongs to the keyboard's layout, not to the chord.
  const isSign = key.length === 1 && !/[a-z0-9]/i.test(key)
  if (!isSign && event.shiftKey !== wants.shift) return false
  return event.key.toLowerCase() === key.toLowerCase()
}

/** The chord as its keys are labelled on this system, for `<kbd>`. */
export function shortcutKeys(text: string): string[] {
  return text.split('+').map((part) => (isMac && part === 'Ctrl' ? '⌘' : isMac && part === 'Shift' ? '⇧' : isMac && part === 'Alt' ? '⌥' : part))
}

/** Whether the event comes from a field that takes text, where single keys are typing. */
export function isTyping(event: KeyboardEvent): boolean {
  const target = event.target
  if (!(target instanceof HTMLElement)) return false
  return target.isContentEditable || target.matches('input:not([type=checkbox], [type=radio], [type=range]), textarea, select, .xterm *, [data-takes-keys] *, [data-takes-keys]')
}
