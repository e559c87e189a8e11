import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { isExcusable, type Tally } from './tally.ts'
import { root } from './output.ts'

// Real processes on a busy machine take their time.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

let folder: string
beforeEach(() => {
  // Below the project, so that the sample finds vitest.
  mkdirSync(join(root, 'out'), { recursive: true })
  folder = mkdtempSync(join(root, 'out', 'tally-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function tallyOf(source: string): Tally {
  writeFileSync(join(folder, 'sample.test.ts'), `import { afterAll, beforeAll, describe, expect, test } from 'vitest'\n${source}`)
  writeFileSync(join(folder, 'vitest.config.mjs'), 'export default {}')
  const result = join(folder, 'tally.json')
  const words = [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--root', folder, '--reporter=default', `--reporter=${join(root, 'build/tally.ts')}`]
  const { status, stderr } = spawnSync(process.execPath, words, { cwd: folder, encoding: 'utf8', env: { ...process.env, DROVER_TALLY: result } })
  expect(stderr).not.toContain('Startup Error')
  const tally = JSON.parse(readFileSync(result, 'utf8')) as Tally
  expect(status === 0).toBe(tally.failed === 0)
  return tally
}

test('tests are counted by what became of them, skips with their reason', () => {
  const tally = tallyOf(`
    test('good', () => {})
    test('bad', () => expect(1).toBe(2))
    test.skip('plain', () => {})
    test('told', ({ skip }) => skip('no second disk'))
    describe('group', () => void test('good too', () => {}))
  `)
  expect(tally).toMatchObject({ passed: 2, failed: 1 })
  expect(tally.skipped).toEqual([
    { test: 'sample.test.ts > plain', why: 'no reason given' },
    { test: 'sample.test.ts > told', why: 'no second disk' },
  ])
  expect(tally.suites).toHaveLength(1)
})

test('a file that cannot be read, and a hook that fails, are failures', () => {
  expect(tallyOf("throw new Error('broken')")).toMatchObject({ passed: 0, failed: 1 })
  expect(tallyOf("describe('group', () => { beforeAll(() => { throw new Error('no lab') }); test('never', () => {}) })").failed).toBeGreaterThan(0)
})

test("only Electron's tests may be skipped where every skip is a failure", () => {
  expect(isExcusable({ test: 'test/e2e/electron-shell.test.ts > Electron > opens', why: '' })).toBe(true)
  expect(isExcusable({ test: 'test/lab/lab.test.ts > raises three hosts', why: 'not root' })).toBe(false)
})
