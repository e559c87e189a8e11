import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { buildShellPage } from './build-shell-page.ts'
import { closeDisplay, spawnElectron, startElectron, whyNoElectron, type ElectronProcess } from './electron-process.ts'
import { startServe } from './drover-process.ts'
import './shell-page/main-window.ts'

describe.skipIf(whyNoElectron !== null)(`Electron${whyNoElectron ? ` (${whyNoElectron})` : ''}`, () => {
  let built: string
  let folder: string
  let running: ElectronProcess[]
  beforeAll(async () => {
    built = await buildShellPage()
  })
  afterAll(async () => {
    await closeDisplay()
    rmSync(built, { recursive: true, force: true })
  })
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'drover-electron-'))
    running = []
  })
  afterEach(async () => {
    await Promise.all(running.map((each) => each.end('SIGKILL')))
    rmSync(folder, { recursive: true, force: true })
  })

  const profile = () => join(folder, 'profile')

  async function open(): Promise<ElectronProcess> {
    const window = await startElectron([`--profile=${profile()}`, `--page=${built}`])
    running.push(window)
    await window.page.waitForFunction(() => 'shell' in globalThis)
    return window
  }

  const whenState = (page: Page, kind: string) => page.waitForFunction((wanted) => window.shell.backend.state.kind === wanted, kind)

  test('the page connects over its port, is told of changes, and again after a reload', async () => {
    const { page } = await open()
    await whenState(page, 'open')
    expect(page.url()).toBe('drover://app/')
    expect(await page.evaluate(() => window.shell.backend.client.settings.info())).toMatchObject({ shell: 'electron', profile: profile() })
    await page.evaluate(() => window.shell.backend.client.settings.update({ theme: 'dark' }))
    await page.waitForFunction(() => window.shell.themes.at(-1) === 'dark')
    await page.reload()
    await whenState(page, 'open')
    await page.waitForFunction(() => window.shell.themes.at(-1) === 'dark')
  })

  test('the page may start over by itself, as it does for a demo lab', async () => {
    const { page } = await open()
    await whenState(page, 'open')
    await page.evaluate(() => {
      Object.assign(globalThis, { isOld: true })
      location.hash = '#/'
      location.reload()
    })
    await page.waitForFunction(() => !('isOld' in globalThis) && 'shell' in globalThis)
    await whenState(page, 'open')
  })

  test('a second handover ends the first port, and the page notices and takes a new one', async () => {
    const { page } = await open()
    await whenState(page, 'open')
    await page.evaluate(() => window.postMessage('drover-port', location.origin, [new MessageChannel().port2]))
    await page.waitForFunction(() => window.shell.states.filter((state) => state === 'open').length > 1)
  })

  test('the page is isolated: no Node, no preload globals, no navigation, no second window, no permissions, no eval, nobody to talk to', async () => {
    const { page } = await open()
    await whenState(page, 'open')
    expect(await page.evaluate(() => ['require', 'process', 'module', 'Buffer', 'electron', 'ipcRenderer'].filter((name) => name in globalThis))).toEqual([])
    expect(await page.evaluate(() => window.open('https://example.org/') === null)).toBe(true)
    await page.evaluate(() => {
      location.href = 'https://example.org/'
    })
    expect(await page.evaluate(() => navigator.permissions.query({ name: 'geolocation' }).then(({ state }) => state))).toBe('denied')
    expect(await page.evaluate(() => navigator.mediaDevices.getUserMedia({ audio: true }).then(() => 'given', () => 'refused'))).toBe('refused')
    expect(await page.evaluate(() => fetch('https://example.org/').then(() => 'sent', () => 'refused'))).toBe('refused')
    expect(await page.evaluate(() => fetch('file:///etc/hostname').then(() => 'read', () => 'refused'))).toBe('refused')
    const script = await page.evaluate(
      () =>
        new Promise<string>((resolve) => {
          document.addEventListener('securitypolicyviolation', (event) => resolve(event.violatedDirective), { once: true })
          const element = document.createElement('script')
          element.textContent = 'globalThis.wasInjected = true'
          document.head.append(element)
        }),
    )
    expect(script).toMatch(/^script-src/)
    expect(page.url()).toBe('drover://app/')
    expect(await page.evaluate(() => 'wasInjected' in globalThis)).toBe(false)
  })

  test('the window comes back where it was, and a place that no display shows is not taken', async () => {
    const place = { x: 120, y: 90, width: 1100, height: 700, isMaximized: false }
    const first = await open()
    expect(await first.end('SIGTERM')).toBe(0)
    const stateFile = join(profile(), 'window.json')
    expect(existsSync(stateFile)).toBe(true)
    expect(statSync(stateFile).mode & 0o777).toBe(0o600)
    writeFileSync(stateFile, JSON.stringify(place))
    const second = await open()
    expect(await second.page.evaluate(() => [screenX, screenY, outerWidth, outerHeight])).toEqual([120, 90, 1100, 700])
    expect(await second.end('SIGTERM')).toBe(0)
    writeFileSync(stateFile, JSON.stringify({ ...place, x: 90_000 }))
    const third = await open()
    expect(await third.page.evaluate(() => screenX)).toBeLessThan(1600)
  })

  test('a second start of the same profile ends at once and leaves the first alone', async () => {
    const first = await open()
    const second = await spawnElectron([`--profile=${profile()}`])
    expect(await new Promise((resolve) => second.once('exit', resolve))).toBe(0)
    await whenState(first.page, 'open')
  })

  test('is a client of a serve that owns the profile, and takes over when that is killed', async () => {
    const owner = await startServe(['--profile', profile(), '--page', built])
    const { page } = await open()
    await whenState(page, 'open')
    expect(await page.evaluate(() => window.shell.backend.client.settings.info())).toMatchObject({ shell: 'electron', secrets: 'none' })
    const before = await page.evaluate(() => window.shell.themes.length)
    await owner.end('SIGKILL')
    await page.waitForFunction((count) => window.shell.themes.length > count, before)
    expect(await page.evaluate(() => window.shell.backend.client.settings.info())).toMatchObject({ shell: 'electron', secrets: expect.stringMatching(/system|plain|none/) as string })
  })

  test('closing the window without moves ends the program, which lets go of the profile', async () => {
    const { page, ended } = await open()
    await whenState(page, 'open')
    await page.evaluate(() => window.close())
    expect(await ended).toBe(0)
    const next = await startServe(['--profile', profile(), '--page', built])
    expect(await next.end('SIGTERM')).toBe(0)
    expect(readFileSync(join(profile(), 'owner.key'), 'utf8')).toHaveLength(64)
  })
})
