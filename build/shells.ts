import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { root } from './output.ts'
import { ended } from './processes.ts'

/** Milliseconds within which an Electron that fails is taken for one that cannot run here. */
const failsWithinMs = 5000

export interface Machine {
  readonly platform: NodeJS.Platform
  /** Undefined where there is no such thing. */
  readonly uid: number | undefined
  readonly env: NodeJS.ProcessEnv
}

export function hasDisplay({ platform, env }: Machine): boolean {
  return platform !== 'linux' || Boolean(env['DISPLAY'] || env['WAYLAND_DISPLAY'])
}

/** Why the browser shell is the one to take, before Electron is looked for at all; null when nothing speaks against Electron. */
export function whyNotElectron(machine: Machine): string | null {
  if (machine.uid === 0) return 'Electron does not run as root'
  if (!hasDisplay(machine)) return 'there is no display'
  return null
}

/** Serves Drover until it ends; answers the exit code. */
export async function runBrowserShell(words: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, [join(root, 'out/main/serve.js'), ...words], { stdio: 'inherit' })
  return stayFor(child)
}

/** Runs the command line to its end; answers its exit code. */
export async function runCommandLine(words: readonly string[]): Promise<number> {
  return stayFor(spawn(process.execPath, [join(root, 'out/cli/drover.mjs'), ...words], { stdio: 'inherit' }))
}

/** Answers the exit code, or why Electron could not run here: it failed within 5 s, or could not be started at all. */
export async function runElectron(executable: string, words: readonly string[]): Promise<number | { readonly why: string }> {
  const startedAt = Date.now()
  const child = spawn(executable, [root, ...words], { stdio: ['inherit', 'inherit', 'pipe'] })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => {
    said = (said + String(chunk)).slice(-4000)
    process.stderr.write(chunk)
  })
  try {
    const code = await stayFor(child)
    // A second start hands over to the window that is open, and ends well at once.
    if (code === 0 || Date.now() - startedAt > failsWithinMs) return code
    return { why: said.trim().split('\n').at(-1) || `it ended with ${code}` }
  } catch (thrown) {
    return { why: thrown instanceof Error ? thrown.message : String(thrown) }
  }
}

/** Waits for a child that shares this terminal. Ctrl+C reaches it as well, and it ends by itself: this process only waits. */
async function stayFor(child: ReturnType<typeof spawn>): Promise<number> {
  const ignore = () => {}
  const pass = () => child.kill('SIGTERM')
  process.on('SIGINT', ignore)
  process.on('SIGTERM', pass)
  try {
    return (await ended(child)).code ?? 1
  } finally {
    process.off('SIGINT', ignore)
    process.off('SIGTERM', pass)
  }
}
