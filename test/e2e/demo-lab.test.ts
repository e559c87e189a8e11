import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type Browser, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { startServe, type DroverProcess } from './drover-process.ts'
import { card, confirmMove, dialog, dragOnto, tile } from './lab-journey.ts'

// The demo lab as somebody without a host meets it: no network, no root, the built program and a browser.

let profile: string
let drover: DroverProcess
let browser: Browser
let page: Page
const banner = () => page.getByRole('region', { name: 'Demo lab' })

beforeAll(async () => {
  profile = mkdtempSync(join(tmpdir(), 'drover-demo-'))
  drover = await startServe(['--profile', profile], { HOME: profile })
  browser = await chromium.launch({ executablePath: process.env['DROVER_TEST_CHROMIUM'] ?? '/usr/bin/chromium', args: ['--no-sandbox'] })
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce' })
  context.setDefaultTimeout(30_000)
  page = await context.newPage()
  await page.goto(await drover.url())
})

afterAll(async () => {
  await browser?.close()
  await drover?.end()
  rmSync(profile, { recursive: true, force: true })
})

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') await page.screenshot({ path: `test/e2e/shots/${task.name.replace(/\W+/g, '-')}.png` })
})

test('two clicks from an empty profile lead to a board with VMs, and the window says that it is a demo', async () => {
  await page.getByRole('button', { name: 'Open the demo lab' }).click()
  await page.getByRole('button', { name: /^Teaching lab/ }).click()
  await tile(page, 'alder', 'web-1').waitFor()
  await tile(page, 'cedar', 'wiki').waitFor()
  await banner().getByText('no host, VM or figure here is real').waitFor()
  expect(await page.title()).toBe('Demo: Teaching lab – Drover')
})

test('a VM is dragged across and arrives; its page has figures, measured ones', async () => {
  await dragOnto(page, 'alder', 'web-1', 'birch')
  await confirmMove(page, 'web-1')
  await tile(page, 'birch', 'web-1').waitFor()
  await page.getByText(/^Moved web-1 from/).first().waitFor()
  await page.getByRole('button', { name: 'web-1', exact: true }).first().click()
  await page.getByRole('img', { name: /^Speed:/ }).waitFor()
  await page.getByText('Downtime by QEMU', { exact: true }).waitFor()
  await page.getByText(/driven by the agent on the source host/).waitFor()
  await page.getByRole('tab', { name: 'Board' }).click()
})

test('a guest has a display, whose clock goes', async () => {
  await tile(page, 'cedar', 'wiki').dblclick()
  await page.getByRole('tab', { name: 'Console' }).click()
  await page.getByText('Display (VNC)').click()
  await page.getByText('Connected', { exact: true }).waitFor()
  const shown = () => page.evaluate(() => document.querySelector('canvas')?.toDataURL() ?? '')
  await vi.waitUntil(async () => (await shown()) !== '', { timeout: 30_000 })
  const before = await shown()
  await vi.waitUntil(async () => (await shown()) !== before, { timeout: 30_000 })
  await page.getByRole('tab', { name: 'Board' }).click()
})

test('a file that is no lab is refused with the place of each fault', async () => {
  await banner().getByRole('button', { name: 'Leave the demo' }).click()
  await page.getByRole('button', { name: 'Open the demo lab' }).click()
  await page.getByRole('button', { name: /^Teaching lab/ }).waitFor()
  const content = JSON.stringify({ name: 'mine', title: 'Mine', hosts: [{ id: 'one', cpus: 'many', memoryMiB: 4096, link: { mbps: 1000 } }], vms: [] })
  await page.getByLabel('File of a lab').setInputFiles({ name: 'mine.json', mimeType: 'application/json', buffer: Buffer.from(content) })
  await page.getByText('hosts[0].cpus: must be a number').waitFor()
  await page.getByRole('button', { name: /^Teaching lab/ }).click()
  await tile(page, 'cedar', 'git').waitFor()
})

test('a host that crashes at the press of a button is offline, and comes back', async () => {
  await banner().getByRole('button', { name: 'Faults' }).click()
  await dialog(page).getByRole('button', { name: 'Crash of cedar' }).click()
  await dialog(page).getByRole('button', { name: 'Crash of cedar', pressed: true }).waitFor()
  await page.keyboard.press('Escape')
  await card(page, 'cedar').getByText(/does not answer|Not connected|offline/i).first().waitFor()
  await banner().getByRole('button', { name: 'cedar: crashed' }).click()
  await tile(page, 'cedar', 'git').waitFor()
})

test('a reload comes back to the lab; leaving it leads to what is real, which was not touched', async () => {
  await page.reload()
  await banner().waitFor()
  await tile(page, 'birch', 'web-1').waitFor()
  await banner().getByRole('button', { name: 'Leave the demo' }).click()
  await page.getByRole('heading', { name: 'Move running VMs between your hosts' }).waitFor()
  expect(await banner().count()).toBe(0)
})
