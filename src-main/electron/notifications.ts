import { Notification, type BrowserWindow } from 'electron'
import type { Job } from '../contract/job.ts'

/** Tells the desktop that a move ended, unless the user is looking at Drover. A click brings the window to the front. */
export function notifyOfEnd(job: Job, window: BrowserWindow | null): void {
  if (window?.isFocused() || !Notification.isSupported()) return
  const { title, body } = wordsOf(job)
  const notification = new Notification({ title, body, silent: job.state.state === 'succeeded' })
  notification.on('click', () => {
    window?.show()
    window?.focus()
  })
  notification.show()
}

function wordsOf({ vmName, sourceName, destinationName, state }: Job): { title: string; body: string } {
  switch (state.state) {
    case 'succeeded':
      return { title: `${vmName} is on ${destinationName}`, body: `Moved from ${sourceName} in ${Math.round(state.result.totalMs / 1000)} s.` }
    case 'failed':
      return { title: `${vmName} was not moved`, body: state.problem.message }
    default:
      return { title: `${vmName}: move cancelled`, body: `It was on its way from ${sourceName} to ${destinationName}.` }
  }
}
