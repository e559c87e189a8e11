import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
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
  expect(config.extraResources.map(({ to }) => to)).toEqual(['agent', 'node/linux-x64/node', 'node/linux-arm64/node'])
  expect(config.electronFuses.runAsNode).toBe(false)
  await expect(validateConfiguration({ ...config, nonsense: true }, { isEnabled: false, add: () => {} })).rejects.toThrow(/nonsense/)
})
