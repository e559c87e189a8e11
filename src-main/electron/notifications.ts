import { Notification, type BrowserWindow } from 'electron'
import type { Job } from '../contract/job.ts'
import { endWords } from './job-words.ts'

/** Tells the desktop that a move ended, unless the user is looking at Drover. A click brings the window to the front. */
export function notifyOfEnd(job: Job, window: BrowserWindow | null): void {
  if (window?.isFocused() || !Notification.isSupported()) return
  const { title, body } = endWords(job)
  const notification = new Notification({ title, body, silent: job.state.state === 'succeeded' })
  notification.on('click', () => {
    window?.show()
    window?.focus()
  })
  notification.show()
}
