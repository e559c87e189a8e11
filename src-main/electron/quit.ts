import { dialog, type BrowserWindow } from 'electron'
import type { Job } from '../contract/job.ts'
import type { Run } from '../contract/run.ts'
import { quitWords } from './job-words.ts'

/** Asks before quitting while moves run, saying what becomes of them. True when nothing runs, or the user wants it. */
export async function mayQuit(running: readonly Job[], runs: readonly Run[], window: BrowserWindow | null): Promise<boolean> {
  if (running.length === 0 && runs.length === 0) return true
  const options = { type: 'warning' as const, ...quitWords(running, runs), buttons: ['Keep Drover open', 'Quit'], defaultId: 0, cancelId: 0, noLink: true }
  const { response } = window ? await dialog.showMessageBox(window, options) : await dialog.showMessageBox(options)
  return response === 1
}
