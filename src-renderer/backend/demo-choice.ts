const storageKey = 'drover-demo'

/** The demo lab that this window is to show, over reloads and drops of the connection; null is what is real. It goes with the window. */
export function chosenDemo(): string | null {
  return globalThis.sessionStorage?.getItem(storageKey) ?? null
}

/** Takes effect with the window's next connection. */
export function chooseDemo(lab: string | null): void {
  if (lab === null) sessionStorage.removeItem(storageKey)
  else sessionStorage.setItem(storageKey, lab)
}
