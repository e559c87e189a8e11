import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type Browser, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { buildShellPage } from './build-shell-page.ts'
import { startServe, type DroverProcess } from './drover-process.ts'
import './shell-page/main-window.ts'

let folder: string
let built: string
let browser: Browser
let running: DroverProcess[]
beforeAll(async () => {
  built = await buildShellPage()
  browser = await chromium.launch({ executablePath: process.env['DROVER_TEST_CHROMIUM'] ?? '/usr/bin/chromium', args: ['--no-sandbox'] })
})
afterAll(async () => {
  await browser?.close()
  rmSync(built, { recursive: true, force: true })
})
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'drover-shell-'))
  running = []
})
afterEach(async () => {
  await Promise.all(browser.contexts().map((context) => context.close()))
  await Promise.all(running.map((each) => each.end('SIGKILL')))
  rmSync(folder, { recursive: true, force: true })
})

async function serve(...words: string[]): Promise<DroverProcess> {
  const drover = await startServe(['--profile', join(folder, 'profile'), '--page', built, ...words])
  running.push(drover)
  return drover
}

async function open(url: string): Promise<Page> {
  const page = await (await browser.newContext()).newPage()
  await page.goto(url)
  await page.waitForFunction(() => 'shell' in window)
  return page
}

const whenState = (page: Page, kind: string) => page.waitForFunction((wanted) => window.shell.backend.state.kind === wanted, kind)

test('a page connects, calls, is told of changes, and keeps its session over a reload; the token is gone from its address', async () => {
  const drover = await serve()
  const page = await open(await drover.url())
  await whenState(page, 'open')
  expect(page.url()).not.toContain('token')
  expect(await page.evaluate(() => window.shell.backend.client.settings.info())).toMatchObject({ shell: 'browser', profile: join(folder, 'profile'), secrets: 'none' })
  await page.evaluate(() => window.shell.backend.client.settings.update({ theme: 'dark' }))
  await page.waitForFunction(() => window.shell.themes.at(-1) === 'dark')
  await page.reload()
  await whenState(page, 'open')
  await page.waitForFunction(() => window.shell.themes.at(-1) === 'dark')
  expect(await page.context().cookies()).toEqual([])
})

test('a problem reaches the page with code and sentence; an input that does not fit is refused', async () => {
  const drover = await serve()
  const page = await open(await drover.url())
  const thrown = await page.evaluate(() =>
    window.shell.backend.client.host.details({ host: 'nobody' }).then(
      () => null,
      (error: { code: string; data: { code: string; message: string } }) => ({ code: error.code, data: error.data }),
    ),
  )
  expect(thrown).toMatchObject({ code: 'PROBLEM', data: { code: 'host-unknown' } })
  const refused = await page.evaluate(() => window.shell.backend.client.settings.update({ pollSeconds: 1000 }).catch((error: { code: string }) => error.code))
  expect(refused).toBe('BAD_REQUEST')
})

test('a link opens one tab, once', async () => {
  const drover = await serve()
  const url = await drover.url()
  await whenState(await open(url), 'open')
  const second = await open(url)
  await whenState(second, 'refused')
  const stranger = await open(new URL('/', url).href)
  await whenState(stranger, 'refused')
  await whenState(await open(await drover.url()), 'open')
})

test('a page of another origin gets nothing', async () => {
  const drover = await serve()
  const { port } = new URL(await drover.url())
  const page = await (await browser.newContext()).newPage()
  await page.route('http://attacker.example/', (route) => route.fulfill({ body: '<!doctype html>', contentType: 'text/html' }))
  await page.goto('http://attacker.example/')
  const outcome = await page.evaluate(
    (target) =>
      new Promise<string>((resolve) => {
        const socket = new WebSocket(`ws://127.0.0.1:${target}/rpc`)
        socket.onopen = () => resolve('open')
        socket.onerror = () => resolve('refused')
      }),
    port,
  )
  expect(outcome).toBe('refused')
  expect(await page.evaluate((target) => fetch(`http://127.0.0.1:${target}/`).then(() => 'read', () => 'refused'), port)).toBe('refused')
})

test('when the process that owns the profile is killed, a page of the second one goes on: its subscription comes back by itself', async () => {
  const owner = await serve()
  const ownersPage = await open(await owner.url())
  await whenState(ownersPage, 'open')
  const heir = await serve()
  const page = await open(await heir.url())
  await whenState(page, 'open')
  // Both see one truth.
  await ownersPage.evaluate(() => window.shell.backend.client.settings.update({ theme: 'light' }))
  await page.waitForFunction(() => window.shell.themes.at(-1) === 'light')

  const subscriptions = await page.evaluate(() => window.shell.themes.length)
  await owner.end('SIGKILL')
  await page.waitForFunction((before) => window.shell.themes.length > before && window.shell.backend.state.kind === 'open', subscriptions)
  expect(await page.evaluate(() => window.shell.themes.at(-1))).toBe('light')
  await whenState(ownersPage, 'lost')
})

test('a page whose server was restarted says that its session ended', async () => {
  const first = await serve()
  const url = new URL(await first.url())
  const page = await open(url.href)
  await whenState(page, 'open')
  expect(await first.end('SIGINT')).toBe(0)
  await whenState(page, 'lost')
  await serve('--port', url.port)
  await whenState(page, 'refused')
})
