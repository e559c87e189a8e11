import { mkdirSync, rmSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { processInfo } from './processes.ts'
import { until } from './waiting.ts'

/**
 * Runs `work` while no other process of this machine runs anything under the same lock. The lock is a folder holding its owner's pid;
 * one whose owner died is taken over.
 */
export async function exclusively<T>(lock: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  mkdirSync(dirname(lock), { recursive: true })
  const owner = join(lock, 'owner')
  await until(
    `the lock ${lock}`,
    () => {
      try {
        mkdirSync(lock)
        writeFileSync(owner, `${process.pid} ${processInfo(process.pid)?.startTime ?? ''}`)
        return true
      } catch {
        if (isAbandoned(owner)) rmSync(lock, { recursive: true, force: true })
        return false
      }
    },
    { deadlineMs: 600_000, everyMs: 100, signal },
  )
  try {
    return await work()
  } finally {
    rmSync(lock, { recursive: true, force: true })
  }
}

function isAbandoned(owner: string): boolean {
  try {
    const [pid, startTime] = readFileSync(owner, 'utf8').split(' ')
    return processInfo(Number(pid))?.startTime !== startTime
  } catch {
    // No owner written yet: between two system calls of its maker.
    return false
  }
}
