import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process'

export interface Ended {
  /** Null when a signal ended it. */
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** Resolves when the child has ended; rejects when it could not be started. */
export function ended(child: ChildProcess): Promise<Ended> {
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve({ code, signal }))
  })
}

/** Runs a program with this one's terminal, to its end; throws when it fails. */
export async function run(program: string, words: readonly string[], options: SpawnOptions = {}): Promise<void> {
  const { code, signal } = await ended(spawn(program, words, { stdio: 'inherit', ...options }))
  if (code !== 0) throw new Error(`${[program, ...words].join(' ')} ended with ${signal ?? code}`)
}
