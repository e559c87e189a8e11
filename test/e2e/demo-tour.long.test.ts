import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type Browser, type Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startServe, type DroverProcess } from './drover-process.ts'
import { tile } from './lab-journey.ts'

// The guided tour, as a presenter steps it: one key, and what each step says is there to be seen.

let profile: string
let drover: DroverProcess
let browser: Browser
let page: Page
const tour = () => page.getByRole('complementary', { name: 'Guided tour' })

beforeAll(async () => {
  profile = mkdtempSync(join(tmpdir(), 'drover-tour-'))
  drover = await startServe(['--profile', profile], { HOME: profile })
  browser = await chromium.launch({ executablePath: process.env['DROVER_TEST_CHROMIUM'] ?? '/usr/bin/chromium', args: ['--no-sandbox'] })
  page = await (await browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce' })).newPage()
  page.setDefaultTimeout(60_000)
  await page.goto(await drover.url())
  await page.getByRole('button', { name: 'Open the demo lab' }).click()
  await page.getByRole('button', { name: /^Teaching lab/ }).click()
  await tile(page, 'alder', 'web-1').waitFor()
})

afterAll(async () => {
  await browser?.close()
  await drover?.end()
  rmSync(profile, { recursive: true, force: true })
})

async function next(title: string): Promise<void> {
  // A step that is being done takes no key.
  await tour().getByRole('button', { name: /^(Next|Done)/ }).and(page.locator(':not([aria-disabled="true"], :disabled)')).waitFor()
  await page.keyboard.press('PageDown')
  await tour().getByRole('heading', { name: title }).waitFor()
}

test('goes from a drag over a busy VM, an evacuation and a crash back to the beginning', async () => {
  await page.getByRole('button', { name: 'Tour', exact: true }).click()
  await tour().getByRole('heading', { name: 'Three hosts, twelve VMs' }).waitFor()
  await next('Move a running VM')
  await tile(page, 'birch', 'web-1').waitFor()
  await next('A VM that is too busy')
  await page.getByText(/will not end|not converge/i).first().waitFor()
  await next('Switch it to post-copy')
  await page.locator('#page').getByText('Moved', { exact: true }).waitFor()
  await next('Empty a host')
  await page.getByText(/^Evacuated/).first().waitFor()
  await next('A host fails in mid-move')
  await page.getByText(/Failed|runs on|is running on alder/i).first().waitFor()
  await next('Back to where they were')
  // The step ends on the run's page.
  await page.locator('#page').getByText('4 VMs moved.', { exact: true }).first().waitFor()
  await page.getByRole('tab', { name: 'Board' }).click()
  await tile(page, 'cedar', 'git').waitFor()
  await next('That was the tour')
  await page.keyboard.press('PageDown')
  await expect.poll(() => tour().count()).toBe(0)
})
