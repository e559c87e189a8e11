import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { downloadElectron, findElectron } from './electron-binary.ts'
import { ensureBuilt, root } from './output.ts'
import { ended } from './processes.ts'

// `npm start`: opens Drover in Electron where that is possible, else in the browser, and never hangs on a download.

/** Milliseconds within which an Electron that fails is taken for one that cannot run here. */
const failsWithinMs = 5000
const words = process.argv.slice(2)
const hasDisplay = process.platform !== 'linux' || Boolean(process.env['DISPLAY'] ?? process.env['WAYLAND_DISPLAY'])

/** Why the browser shell is the one to take, before Electron is looked for at all; null when nothing speaks against Electron. */
function whyNotElectron(): string | null {
  if (process.getuid?.() === 0) return 'Electron does not run as root'
  if (!hasDisplay) return 'there is no display'
  return null
}

async function startBrowser(): Promise<number> {
  const child = spawn(process.execPath, [join(root, 'out/main/serve.js'), ...(hasDisplay ? ['--open'] : []), ...words], { stdio: 'inherit' })
  // Ctrl+C reaches the child as well, which ends by itself: this process only waits.
  process.on('SIGINT', () => {})
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  return (await ended(child)).code ?? 1
}

/** Answers the exit code, or why Electron could not run. */
async function startElectron(executable: string): Promise<number | { why: string }> {
  const startedAt = Date.now()
  const child = spawn(executable, [root, ...words], { stdio: ['inherit', 'inherit', 'pipe'] })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => {
    if (said.length < 4000) said += String(chunk)
    process.stderr.write(chunk)
  })
  process.on('SIGINT', () => {})
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  try {
    const { code, signal } = await ended(child)
    // A second start hands over to the window that is open, and ends well at once.
    if (code === 0 || Date.now() - startedAt > failsWithinMs) return code ?? 1
    return { why: said.trim().split('\n').at(-1) ?? `it ended with ${signal ?? code}` }
  } catch (thrown) {
    return { why: thrown instanceof Error ? thrown.message : String(thrown) }
  }
}

async function start(): Promise<number> {
  const shell = process.env['DROVER_SHELL']
  if (shell !== undefined && shell !== '' && shell !== 'electron' && shell !== 'browser') {
    console.error(`DROVER_SHELL is "${shell}"; it can be "electron" or "browser".`)
    return 1
  }
  await ensureBuilt()
  if (shell === 'browser') return startBrowser()
  const because = shell === 'electron' ? null : whyNotElectron()
  if (because) {
    console.log(`Starting in the browser: ${because}.`)
    return startBrowser()
  }
  let executable = findElectron()
  let why: string | null = null
  if (!executable) {
    console.log('Fetching Electron, once …')
    why = await downloadElectron()
    executable = findElectron()
  }
  if (executable) {
    const outcome = await startElectron(executable)
    if (typeof outcome === 'number') return outcome
    why = outcome.why
  }
  if (shell === 'electron') {
    console.error(`Electron could not be started: ${why ?? 'its binary is missing'}.`)
    return 1
  }
  console.log(`Starting in the browser, because Electron could not be started: ${why ?? 'its binary is missing'}.`)
  return startBrowser()
}

process.exitCode = await start()
