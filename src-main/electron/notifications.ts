import { Notification, type BrowserWindow } from 'electron'
import type { Job } from '../contract/job.ts'
import type { Run } from '../contract/run.ts'
import { endWords, runWords } from './job-words.ts'

/** Tells the desktop that a move ended, unless the user is looking at Drover. A click brings the window to the front. */
export function notifyOfEnd(job: Job, window: BrowserWindow | null): void {
  tell(endWords(job), job.state.state === 'succeeded', window)
}

/** The same of a whole run. */
export function notifyOfRun(run: Run, window: BrowserWindow | null): void {
  tell(runWords(run), run.state.state === 'done' && run.state.isComplete, window)
}

function tell({ title, body }: { title: string; body: string }, isSilent: boolean, window: BrowserWindow | null): void {
  if (window?.isFocused() || !Notification.isSupported()) return
  const notification = new Notification({ title, body, silent: isSilent })
  notification.on('click', () => {
    window?.show()
    window?.focus()
  })
  notification.show()
}
