import { existsSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { run } from './processes.ts'

export const root = resolve(import.meta.dirname, '..')
const out = join(root, 'out')
const stamp = join(out, '.built')

/** What the build reads. */
const sources = ['src-main', 'src-renderer', 'resources', 'build/bundles.ts', 'electron.vite.config.ts', 'package-lock.json']

/** The latest change below a path, in milliseconds since the epoch; 0 where there is nothing. */
function newest(path: string): number {
  const found = statSync(path, { throwIfNoEntry: false })
  if (!found) return 0
  if (!found.isDirectory()) return found.mtimeMs
  return Math.max(found.mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))))
}

/** Whether out/ is missing, or older than what it was made of. */
export function isStale(): boolean {
  if (!existsSync(stamp)) return true
  const builtAt = statSync(stamp).mtimeMs
  return sources.some((source) => newest(join(root, source)) > builtAt)
}

/** Builds the app and the agent into out/, unless they are there and fresh. */
export async function ensureBuilt(): Promise<void> {
  if (!isStale()) return
  const startedAt = new Date()
  console.error('Building Drover …')
  await run(process.execPath, [join(root, 'node_modules/electron-vite/bin/electron-vite.js'), 'build', '--logLevel', 'warn'], { cwd: root })
  await run(process.execPath, [join(root, 'build/bundles.ts')], { cwd: root })
  // Dated to the beginning: what changed while it was building makes it stale again.
  writeFileSync(stamp, `${startedAt.toISOString()}\n`)
  utimesSync(stamp, startedAt, startedAt)
}
