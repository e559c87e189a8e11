import { notify } from './notice.ts'

/** Puts text on the system's clipboard and says so; `what` names it (`The UUID`). */
export async function copyText(text: string, what: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text)
    notify({ tone: 'success', title: `${what} is on the clipboard.`, lastsMs: 2500 })
  } catch (thrown) {
    const evidence = thrown instanceof Error ? thrown.message : String(thrown)
    notify({ tone: 'error', title: `${what} could not be copied`, problem: { message: 'The system did not let the window use the clipboard.', evidence, next: 'Select the text and copy it by keyboard.' } })
  }
}
