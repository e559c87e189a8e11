import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { root } from './output.ts'

vi.setConfig({ testTimeout: 60_000 })

// Both belong to electron-builder, which is what reads the file in the end.
const builder = createRequire(createRequire(import.meta.url).resolve('electron-builder'))

interface Configuration {
  readonly files: readonly string[]
  readonly extraResources: readonly { readonly from: string; readonly to: string }[]
  readonly electronFuses: { readonly runAsNode: boolean }
}

test('the packaging configuration is one that electron-builder takes, and packs the agent and a Node for hosts', async () => {
  const { load } = builder('js-yaml') as { load: (text: string) => Configuration }
  const { validateConfiguration } = builder('app-builder-lib/out/util/config/config.js') as { validateConfiguration: (config: object, log: object) => Promise<void> }
  const config = load(readFileSync(join(root, 'build/electron-builder.yml'), 'utf8'))
  await validateConfiguration(structuredClone(config), { isEnabled: false, add: () => {} })
  expect(config.extraResources.map(({ to }) => to)).toEqual(['agent', 'cli', 'cli/drover', 'node/linux-x64/node', 'node/linux-arm64/node'])
  expect(config.electronFuses.runAsNode).toBe(false)
  await expect(validateConfiguration({ ...config, nonsense: true }, { isEnabled: false, add: () => {} })).rejects.toThrow(/nonsense/)
})

test('the command of a package runs on the Node beside it, also by a link from elsewhere', () => {
  const folder = mkdtempSync(join(tmpdir(), 'drover-package-'))
  try {
    const node = join(folder, 'node', `linux-${process.arch}`)
    for (const each of [join(folder, 'cli'), node, join(folder, 'bin')]) mkdirSync(each, { recursive: true })
    copyFileSync(join(root, 'build/drover.sh'), join(folder, 'cli/drover'))
    copyFileSync('/bin/echo', join(node, 'node'))
    symlinkSync(join(folder, 'cli/drover'), join(folder, 'bin/drover'))
    expect(execFileSync(join(folder, 'bin/drover'), ['move', 'a VM'], { encoding: 'utf8' })).toBe(`${join(folder, 'cli/drover.mjs')} move a VM\n`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
