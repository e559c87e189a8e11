import { spawn, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { root } from './drover-process.ts'

export interface Said {
  /** Null when a signal ended it. */
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** The built command line at work, without a terminal. */
export interface CommandProcess {
  readonly child: ChildProcess
  readonly said: Promise<Said>
  /** Resolves when stderr has said it; rejects when the command ended before. */
  hears(text: RegExp): Promise<void>
}

/** Starts `drover` with these words; whoever starts it waits for its end. */
export function startCommand(words: readonly string[], env: Record<string, string> = {}): CommandProcess {
  const child = spawn(process.execPath, [join(root, 'out/cli/drover.mjs'), ...words], { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  let [out, err] = ['', '']
  const listeners = new Set<() => void>()
  child.stdout.on('data', (chunk) => (out += String(chunk)))
  child.stderr.on('data', (chunk) => {
    err += String(chunk)
    for (const each of listeners) each()
  })
  const said = new Promise<Said>((resolve) => child.once('close', (code) => resolve({ code, out, err })))
  return {
    child,
    said,
    hears: (text) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (!text.test(err)) return
          listeners.delete(look)
          resolve()
        }
        listeners.add(look)
        void said.then(({ code }) => reject(new Error(`ended with ${code} before it said ${text}:\n${err}`)))
        look()
      }),
  }
}
