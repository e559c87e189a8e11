import { appendFileSync, renameSync, statSync } from 'node:fs'

export type AgentLog = (level: 'info' | 'warning' | 'error', text: string) => void

const largest = 1024 * 1024

/** Lines in a file of mode 0600, the older half kept aside when it reaches 1 MiB. Never throws: a full disk must not end a move. */
export function openAgentLog(path: string): AgentLog {
  let lines = 0
  return (level, text) => {
    try {
      if (lines++ % 200 === 0 && (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > largest) renameSync(path, `${path}.1`)
      appendFileSync(path, `${new Date().toISOString()} ${process.pid} ${level} ${text}\n`, { mode: 0o600 })
    } catch {
      // Nowhere to say it.
    }
  }
}
