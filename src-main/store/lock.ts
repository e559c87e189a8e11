import { chmodSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Disposable } from '../base/disposable.ts'
import { storeFailure } from './failures.ts'
import { openDatabase } from './sqlite.ts'

/**
 * Holds the file `path` exclusively until disposed, or answers null at once when another process does. The lock is SQLite's own (fcntl or LockFileEx), which
 * the kernel takes away when the process dies, however it dies: nothing stale is ever left behind. Throws a Failure of the store when it cannot be tried.
 */
export function tryLock(path: string): Disposable | null {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  chmodSync(dirname(path), 0o700)
  let isHeld = true
  const database = openDatabase(path)
  try {
    chmodSync(path, 0o600)
    database.exec('BEGIN EXCLUSIVE')
  } catch (thrown) {
    database.close()
    const failure = storeFailure(thrown)
    if (failure.code === 'store-busy') return null
    throw failure
  }
  return {
    dispose() {
      if (!isHeld) return
      isHeld = false
      database.close()
    },
  }
}
