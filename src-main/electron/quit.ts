import { dialog, type BrowserWindow } from 'electron'
import type { Job } from '../contract/job.ts'

/** Asks before quitting while moves run, saying what becomes of them. True when nothing runs, or the user wants it. */
export async function mayQuit(running: readonly Job[], window: BrowserWindow | null): Promise<boolean> {
  if (running.length === 0) return true
  const options = { type: 'warning' as const, ...wordsOf(running), buttons: ['Keep Drover open', 'Quit'], defaultId: 0, cancelId: 0, noLink: true }
  const { response } = window ? await dialog.showMessageBox(window, options) : await dialog.showMessageBox(options)
  return response === 1
}

function wordsOf(running: readonly Job[]): { message: string; detail: string } {
  const inApp = running.filter(({ driver }) => driver === 'app')
  const names = (jobs: readonly Job[]) => jobs.map(({ vmName, destinationName }) => `${vmName} to ${destinationName}`).join(', ')
  const message = running.length === 1 ? `A move is running: ${names(running)}.` : `${running.length} moves are running.`
  const lines = [
    inApp.length > 0 && `Driven by this window, and interrupted when it goes: ${names(inApp)}.`,
    inApp.length < running.length && `Driven by the agent on the source host, and going on without Drover: ${names(running.filter(({ driver }) => driver === 'agent'))}.`,
  ]
  return { message, detail: lines.filter(Boolean).join('\n') }
}
