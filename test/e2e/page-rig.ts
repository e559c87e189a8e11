import AxeBuilder from '@axe-core/playwright'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type Browser, type Page } from 'playwright-core'
import { build } from 'vite'
import { expect } from 'vitest'
import config from '../../electron.vite.config.ts'
import { startFakeBackend, type FakeBackend } from './fake-backend.ts'
import type { ClusterSize } from './fake-cluster.ts'

/** The built page in a real browser, against a scripted cluster at the far end of the wire. One browser per test file, one page at a time. */
export class PageRig {
  fake: FakeBackend | undefined
  /** Addresses that the page asked for and that are not its own. */
  strangers: string[] = []
  readonly folder: string
  readonly browser: Browser

  private constructor(folder: string, browser: Browser) {
    this.folder = folder
    this.browser = browser
  }

  static async start(): Promise<PageRig> {
    const folder = mkdtempSync(join(tmpdir(), 'drover-page-'))
    const { renderer } = config as { renderer: Parameters<typeof build>[0] & object }
    await build({ ...renderer, configFile: false, logLevel: 'error', build: { ...renderer.build, outDir: folder, emptyOutDir: true } })
    return new PageRig(folder, await chromium.launch({ executablePath: process.env['DROVER_TEST_CHROMIUM'] ?? '/usr/bin/chromium', args: ['--no-sandbox'] }))
  }

  async open(size: ClusterSize, theme: 'dark' | 'light' = 'dark'): Promise<{ page: Page; fake: FakeBackend }> {
    const fake = (this.fake = await startFakeBackend(this.folder, { size }))
    fake.cluster.settings = { ...fake.cluster.settings, theme }
    const context = await this.browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce', acceptDownloads: true })
    context.setDefaultTimeout(60_000)
    const page = await context.newPage()
    this.strangers = []
    page.on('request', (request) => !request.url().startsWith(new URL(fake.url).origin) && !/^(data|blob):/.test(request.url()) && this.strangers.push(request.url()))
    await page.goto(fake.url)
    await page.locator('[data-live=polite]').waitFor({ state: 'attached' })
    return { page, fake }
  }

  /** Ends what one test opened. */
  async closePages(): Promise<void> {
    await Promise.all(this.browser.contexts().map((context) => context.close()))
    await this.fake?.close()
    this.fake = undefined
  }

  async stop(): Promise<void> {
    await this.browser.close()
    rmSync(this.folder, { recursive: true, force: true })
  }
}

export async function expectNoAxeFindings(page: Page, where: string): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']).analyze()
  const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical' || impact === 'moderate')
  expect(serious.map(({ id, nodes }) => `${where}: ${id} ${nodes.map((node) => node.target.join(' ')).slice(0, 3).join(' | ')}`)).toEqual([])
}

/** Goes to a place of the window by its hash, and waits until its page shows `seen`. */
export async function go(page: Page, hash: string, seen: string): Promise<void> {
  await page.evaluate((to) => (location.hash = to), hash)
  await page.locator('#page').getByText(seen).first().waitFor()
}
