import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { chromium, type Browser, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { LabGuest } from '../lab/guest.ts'
import { Lab } from '../lab/lab.ts'
import { startServe, type DroverProcess } from './drover-process.ts'
import { card, confirmMove, connectHost, dialog, dragOnto, makeHome, tile } from './lab-journey.ts'

// The main job on real input: real VMs, two real libvirt daemons, the real window in Chromium.

const run = promisify(execFile)
let lab: Lab
let home: ReturnType<typeof makeHome>
let drover: DroverProcess
let browser: Browser
let page: Page
let guest: LabGuest
const [a, b] = [() => lab.host(0), () => lab.host(1)] as const

beforeAll(async () => {
  lab = await Lab.up({ hosts: [{}, {}] })
  guest = new LabGuest(lab, { name: 'ticker', patternMiB: 24, vnc: {} })
  await guest.start(a())
  home = makeHome(lab)
  drover = await startServe(['--profile', home.profile], { HOME: home.home })
  browser = await chromium.launch({ executablePath: process.env['DROVER_TEST_CHROMIUM'] ?? '/usr/bin/chromium', args: ['--no-sandbox'] })
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce' })
  context.setDefaultTimeout(60_000)
  page = await context.newPage()
  await page.goto(await drover.url())
}, 240_000)

afterAll(async () => {
  await browser?.close()
  await drover?.end()
  home?.remove()
  await lab?.down()
})

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') await page.screenshot({ path: `test/e2e/shots/${task.name.replace(/\W+/g, '-')}.png` })
})

const arrived = () => page.getByRole('status').getByText(/^Moved ticker from/).or(page.getByText(/^Moved ticker from/)).first()

test('from an empty profile: two hosts are connected by fingerprint, and their VM is on the board', async () => {
  await connectHost(page, a().name)
  await connectHost(page, b().name)
  await tile(page, a().name, 'ticker').waitFor()
  const { stdout } = await run('ssh-keygen', ['-F', a().address, '-f', `${home.home}/.ssh/known_hosts`])
  expect(stdout).toContain('ed25519')
})

test('a running VM is dragged across: it arrives, its memory is whole, and the move is told with figures', async () => {
  await dragOnto(page, a().name, 'ticker', b().name)
  await confirmMove(page, 'ticker')
  await tile(page, b().name, 'ticker').waitFor()
  await arrived().waitFor()
  await page.getByRole('button', { name: 'ticker', exact: true }).first().click()
  await page.getByText('Guest stood still', { exact: true }).waitFor()
  await page.getByRole('img', { name: /^Speed:/ }).waitFor()
  expect(await guest.isRunning(b())).toBe(true)
  expect(await guest.verify(b())).toMatchObject({ bad: 0, badEver: 0 })
  await expect(a().virsh(['domstate', 'ticker'])).rejects.toThrow()
})

test('Move back returns it, by keyboard alone, in post-copy', async () => {
  await page.getByRole('tab', { name: 'Board' }).click()
  await page.getByRole('treeitem', { name: /ticker/ }).focus()
  await page.keyboard.press('Space')
  await page.keyboard.press('m')
  await dialog(page).getByRole('combobox', { name: 'Destination' }).press('Enter')
  await page.getByRole('option', { name: a().name }).press('Enter')
  await dialog(page).getByRole('radio', { name: /Post-copy/ }).press('Space')
  await confirmMove(page, 'ticker')
  await tile(page, a().name, 'ticker').waitFor()
  expect(await guest.verify(a())).toMatchObject({ bad: 0, badEver: 0 })
})

test('a busy guest moves in hybrid: pre-copy rounds, then post-copy', async () => {
  await guest.setRate(a(), 'max')
  await dragOnto(page, a().name, 'ticker', b().name)
  await dialog(page).getByRole('radio', { name: /Hybrid/ }).click()
  await confirmMove(page, 'ticker')
  await tile(page, b().name, 'ticker').waitFor()
  await card(page, a().name).getByText('No VMs').waitFor()
  await guest.setRate(b(), 0)
  expect(await guest.verify(b())).toMatchObject({ bad: 0, badEver: 0 })
})

test('a VM that is off moves too: its definition is at the destination and no longer at the source', async () => {
  const off = new LabGuest(lab, { name: 'sleeper' })
  await off.define(a())
  await tile(page, a().name, 'sleeper').waitFor()
  await dragOnto(page, a().name, 'sleeper', b().name)
  await dialog(page).getByText('It is off: its definition moves').waitFor()
  await confirmMove(page, 'sleeper')
  await tile(page, b().name, 'sleeper').waitFor()
  expect((await b().virsh(['domstate', 'sleeper'])).trim()).toBe('shut off')
  await expect(a().virsh(['domstate', 'sleeper'])).rejects.toThrow()
})

test('the page stays as it was after a reload, and the history tells every move', async () => {
  await page.reload()
  await tile(page, b().name, 'ticker').waitFor()
  await page.getByRole('button', { name: 'History' }).first().click()
  // Three moves of the ticker: the board, which may still be on screen, shows it once.
  await page.locator('#page').getByText('ticker').nth(2).waitFor()
  await page.locator('#page').getByText('sleeper').first().waitFor()
})
