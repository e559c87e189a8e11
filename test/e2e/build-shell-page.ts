import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'vite'
import { root } from './drover-process.ts'

/** Builds the page of shell-page/ into a folder of its own, which the caller removes. */
export async function buildShellPage(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'drover-shell-page-'))
  await build({ root: join(root, 'test/e2e/shell-page'), configFile: false, logLevel: 'error', base: './', build: { outDir: folder, emptyOutDir: true, target: 'chrome130' } })
  return folder
}
