import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Lab } from '../lab/lab.ts'
import { startServe, type DroverProcess } from './drover-process.ts'
import { card, confirmMove, dragOnto, tile } from './lab-journey.ts'

let folder: string
let drover: DroverProcess
let browser: Browser

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'drover-box-'))
  drover = await startServe(['--profile', join(folder, 'profile')], { HOME: folder })
  browser = await chromium.launch({ executablePath: process.env['DROVER_TEST_CHROMIUM'] ?? '/usr/bin/chromium', args: ['--no-sandbox'] })
})
afterAll(async () => {
  await browser?.close()
  await drover?.end()
  await Lab.remove('box')
  rmSync(folder, { recursive: true, force: true })
})

test('without any host: one click raises a lab, its VMs can be moved, and stopping it leaves nothing behind', async () => {
  const page = await (await browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce' })).newPage()
  page.setDefaultTimeout(120_000)
  await page.goto(await drover.url())
  await page.getByRole('button', { name: 'Start the lab' }).click()
  await tile(page, 'box-host1', 'web-1').waitFor()
  await card(page, 'box-host3').getByText('2 VMs running').waitFor()
  await dragOnto(page, 'box-host1', 'web-1', 'box-host3')
  await confirmMove(page, 'web-1')
  await tile(page, 'box-host3', 'web-1').waitFor()
  await page.keyboard.press('Control+k')
  await page.getByRole('combobox', { name: /Search/ }).fill('Stop the lab')
  await page.keyboard.press('Enter')
  await page.getByRole('button', { name: 'Start the lab' }).waitFor()
  expect(Lab.find('box')).toBeNull()
}, 240_000)
