import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { downloadElectron } from './electron-binary.ts'
import { hasDisplay, runElectron, whyNotElectron } from './shells.ts'

// Real processes on a busy machine take their time.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

let folder: string
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'drover-start-'))))
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function script(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  chmodSync(path, 0o755)
  return path
}

test('the browser is taken at once by root and without a display', () => {
  const user = { platform: 'linux' as const, uid: 1000, env: { DISPLAY: ':0' } }
  expect(whyNotElectron(user)).toBeNull()
  expect(whyNotElectron({ ...user, uid: 0 })).toMatch(/root/)
  expect(whyNotElectron({ ...user, env: {} })).toMatch(/display/)
  expect(whyNotElectron({ ...user, env: { WAYLAND_DISPLAY: 'wayland-0' } })).toBeNull()
  expect(whyNotElectron({ platform: 'win32', uid: undefined, env: {} })).toBeNull()
  expect(hasDisplay({ platform: 'darwin', uid: 501, env: {} })).toBe(true)
})

describe('an Electron', () => {
  test('that fails at once gives its last words, so that the browser can be taken instead', async () => {
    expect(await runElectron(script('fails', '#!/bin/sh\necho one >&2; echo "cannot open display" >&2; exit 1\n'), [])).toEqual({ why: 'cannot open display' })
    expect(await runElectron(join(folder, 'missing'), [])).toMatchObject({ why: expect.stringContaining('ENOENT') as string })
    expect(await runElectron(script('mute', '#!/bin/sh\nexit 7\n'), [])).toEqual({ why: 'it ended with 7' })
  })

  test('that ends well at once handed over to an open window', async () => {
    expect(await runElectron(script('second', '#!/bin/sh\nexit 0\n'), [])).toBe(0)
  })
})

describe("electron's installer", () => {
  test('is killed when not a byte comes', async () => {
    const silent = script('silent.cjs', 'setInterval(() => {}, 1000)')
    expect(await downloadElectron(silent, { silentMs: 600, totalMs: 60_000 })).toMatch(/not a byte/)
  })

  test('is let go on while bytes come, and killed when it takes too long', async () => {
    const slow = script(
      'slow.cjs',
      "const fs = require('node:fs'), path = require('node:path'), os = require('node:os'); setInterval(() => fs.appendFileSync(path.join(os.tmpdir(), 'part'), 'x'), 50)",
    )
    expect(await downloadElectron(slow, { silentMs: 1000, totalMs: 2500 })).toMatch(/took longer/)
  })

  test('gives the reason when it fails, and none when it works', async () => {
    expect(await downloadElectron(script('fails.cjs', "console.error('HTTPError: 403'); process.exit(1)"))).toBe('HTTPError: 403')
    expect(await downloadElectron(script('works.cjs', ''))).toBeNull()
  })
})

describe('an old Node', () => {
  const check = join(import.meta.dirname, 'require-node.mjs')
  const under = (version: string) =>
    spawnSync(process.execPath, ['--import', `data:text/javascript,Object.defineProperty(process,'versions',{value:{...process.versions,node:'${version}'}})`, check], { encoding: 'utf8' })

  test.each(['18.20.0', '20.19.5', '22.17.1'])('%s is refused in one sentence that names what to do', (version) => {
    const { status, stderr } = under(version)
    expect(status).toBe(1)
    expect(stderr).toContain(`this is Node ${version}`)
    expect(stderr).toMatch(/npm ci|nodejs\.org/)
  })

  test.each(['22.18.0', '24.0.0', '26.1.0'])('%s passes', (version) => {
    expect(under(version)).toMatchObject({ status: 0, stderr: '' })
  })
})
