import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ended } from './processes.ts'
import { root } from './output.ts'

const folder = join(root, 'node_modules', 'electron')

/** Electron's executable, or null while it was not downloaded. Never requires `electron`: that would download it, silently and for minutes. */
export function findElectron(): string | null {
  try {
    const name = readFileSync(join(folder, 'path.txt'), 'utf8')
    const path = join(process.env['ELECTRON_OVERRIDE_DIST_PATH'] ?? join(folder, 'dist'), name)
    return existsSync(path) ? path : null
  } catch {
    return null
  }
}

/** Bytes below a folder. */
function sizeOf(path: string): number {
  const found = statSync(path, { throwIfNoEntry: false })
  if (!found?.isDirectory()) return found?.size ?? 0
  return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0)
}

export interface DownloadLimits {
  /** Milliseconds without a single byte. */
  readonly silentMs: number
  /** Milliseconds in all. */
  readonly totalMs: number
}

/**
 * Lets electron's own installer download the binary, and watches the bytes come. Answers why it did not work, or null when it did.
 * `installer` and `limits` are replaced in tests.
 */
export async function downloadElectron(
  installer: string = join(folder, 'install.js'),
  limits: DownloadLimits = { silentMs: 15_000, totalMs: 120_000 },
): Promise<string | null> {
  // The installer downloads into the temporary folder: one of its own shows what has come.
  const temporary = mkdtempSync(join(tmpdir(), 'drover-electron-'))
  const child = spawn(process.execPath, [installer], { env: { ...process.env, TMPDIR: temporary, TEMP: temporary, TMP: temporary }, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  let heard = 0
  let reason: string | null = null
  const hear = (chunk: Buffer) => {
    heard += chunk.length
    said = (said + String(chunk)).slice(-2000)
  }
  child.stdout.on('data', hear)
  child.stderr.on('data', hear)

  const startedAt = Date.now()
  let lastSize = 0
  let lastChange = startedAt
  const watching = setInterval(() => {
    const size = heard + sizeOf(temporary) + sizeOf(join(folder, 'dist'))
    const now = Date.now()
    if (size !== lastSize) {
      lastSize = size
      lastChange = now
    }
    if (now - lastChange > limits.silentMs) reason = `not a byte came for ${Math.round(limits.silentMs / 1000)} s`
    else if (now - startedAt > limits.totalMs) reason = `it took longer than ${Math.round(limits.totalMs / 1000)} s`
    if (reason) child.kill('SIGKILL')
  }, Math.min(500, limits.silentMs / 3))
  try {
    const { code } = await ended(child)
    if (reason) return reason
    return code === 0 ? null : (said.trim().split('\n')[0] ?? `the installer ended with ${code}`)
  } finally {
    clearInterval(watching)
    rmSync(temporary, { recursive: true, force: true })
  }
}
