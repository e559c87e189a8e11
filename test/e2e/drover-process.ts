import { spawn, type ChildProcess } from 'node:child_process'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'

export const root = resolve(import.meta.dirname, '..', '..')

/** A `drover serve` of its own process. Whoever starts it ends it. */
export interface DroverProcess {
  readonly child: ChildProcess
  /** A fresh one-time link. */
  url(): Promise<string>
  /** Resolves with the exit code, or the signal, when it has ended. */
  end(signal?: NodeJS.Signals): Promise<number | NodeJS.Signals | null>
}

/** Starts the built `serve` with these words and resolves when it printed its first link. Rejects with what it said when it ends before. */
export function startServe(words: readonly string[], env: Record<string, string> = {}): Promise<DroverProcess> {
  const child = spawn(process.execPath, [join(root, 'out/main/serve.js'), ...words], { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...env } })
  const waiting: ((url: string) => void)[] = []
  const ready: string[] = []
  let said = ''
  child.stderr.on('data', (chunk) => (said += String(chunk)))
  createInterface({ input: child.stdout }).on('line', (line) => {
    const found = /http:\/\/127\.0\.0\.1:\d+\/#token=[\w-]+/.exec(line)?.[0]
    if (!found) return
    const next = waiting.shift()
    if (next) next(found)
    else ready.push(found)
  })
  const exited = new Promise<number | NodeJS.Signals | null>((resolve) => child.once('exit', (code, signal) => resolve(code ?? signal)))
  const nextUrl = () =>
    new Promise<string>((resolve, reject) => {
      const first = ready.shift()
      if (first) return resolve(first)
      waiting.push(resolve)
      void exited.then((code) => reject(new Error(`serve ended with ${code}: ${said}`)))
    })
  const drover: DroverProcess = {
    child,
    url() {
      child.stdin.write('\n')
      return nextUrl()
    },
    async end(signal = 'SIGTERM') {
      child.kill(signal)
      return exited
    },
  }
  return nextUrl().then(() => drover)
}
