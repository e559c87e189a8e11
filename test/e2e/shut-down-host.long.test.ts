import { chromium, type Browser, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { LabGuest } from '../lab/guest.ts'
import { Lab } from '../lab/lab.ts'
import { until } from '../lab/waiting.ts'
import { startServe, type DroverProcess } from './drover-process.ts'
import { allWhole, evacuate, guestsOnFirst } from './evacuation-journey.ts'
import { card, connectHost, dialog, makeHome } from './lab-journey.ts'

// A host is emptied and shut down from the real window: Drover's own command over SSH, carried out by the host's init.

let lab: Lab
let home: ReturnType<typeof makeHome>
let drover: DroverProcess
let browser: Browser
let page: Page
let guests: LabGuest[]
const a = () => lab.host(0)

beforeAll(async () => {
  lab = await Lab.up({ hosts: [{}, {}] })
  guests = await guestsOnFirst(lab, 2)
  home = makeHome(lab)
  drover = await startServe(['--profile', home.profile], { HOME: home.home })
  browser = await chromium.launch({ executablePath: process.env['DROVER_TEST_CHROMIUM'] ?? '/usr/bin/chromium', args: ['--no-sandbox'] })
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce' })
  context.setDefaultTimeout(60_000)
  page = await context.newPage()
  await page.goto(await drover.url())
  for (const host of lab.hosts) await connectHost(page, host.name)
})
afterAll(async () => {
  await browser?.close()
  await drover?.end()
  home?.remove()
  await lab?.down()
})
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') await page.screenshot({ path: `test/e2e/shots/${task.name.replace(/\W+/g, '-')}.png` })
})

const showBoard = () => page.getByRole('tab', { name: 'Board' }).click()
const verdict = () => page.getByRole('status', { name: 'Verdict' })

async function askToShutDown(typed: string): Promise<void> {
  await verdict().getByRole('button', { name: 'Shut down host…' }).click()
  await dialog(page).getByLabel(`Type ${a().name} to confirm`).fill(typed)
  await page.keyboard.press('Enter')
}

test('a host with a VM is not offered to be shut down; emptied, it still wants its name in writing', async () => {
  await showBoard()
  await card(page, a().name).locator('.head').click({ button: 'right' })
  const item = page.getByRole('menuitem', { name: 'Shut down host…' })
  await item.waitFor()
  expect(await item.getAttribute('aria-disabled')).toBe('true')
  await page.keyboard.press('Escape')
  await evacuate(page, a().name, 'Fan 3 is dead', 2)
  expect(await allWhole(lab, guests)).toEqual([lab.host(1), lab.host(1)])
  await askToShutDown(lab.host(1).name)
  await page.locator('[data-live=polite]').getByText(`Type ${a().name} first.`).first().waitFor({ state: 'attached' })
  await page.keyboard.press('Escape')
  expect(a().isRunning).toBe(true)
})

test('a VM that was started behind Drover’s back meanwhile keeps the host up: it is asked right before', async () => {
  const late = new LabGuest(lab, { name: 'late' })
  await verdict().getByRole('button', { name: 'Shut down host…' }).click()
  await late.start(a())
  try {
    await dialog(page).getByLabel(`Type ${a().name} to confirm`).fill(a().name)
    await page.keyboard.press('Enter')
    await page.getByText(`${a().name} still has VMs.`).first().waitFor()
    expect(a().isRunning).toBe(true)
    expect(await late.verify(a())).toMatchObject({ bad: 0, badEver: 0 })
  } finally {
    await late.remove(a())
  }
  await showBoard()
  await card(page, a().name).getByText('No VMs').waitFor()
})

test('the empty host goes down as a machine does, and is shown as shut down, not as failed, until it is up again', async () => {
  await page.getByRole('tab', { name: `Evacuation of ${a().name}` }).click()
  await askToShutDown(a().name)
  await until('the end of the machine', () => !a().isRunning, { deadlineMs: 30_000 })
  await showBoard()
  await card(page, a().name).getByText(/^It was shut down from Drover by /).waitFor()
  await page.getByText(`${a().name} has shut down`, { exact: true }).first().waitFor()
  expect(await page.getByText(`${a().name} was lost`).count()).toBe(0)
  expect(await page.getByText(`${a().name} could not be connected`).count()).toBe(0)

  // It stays so for a Drover that is started anew: the machine is not there for it either.
  await drover.end()
  drover = await startServe(['--profile', home.profile], { HOME: home.home })
  await page.goto(await drover.url())
  await card(page, a().name).getByText(/^It was shut down from Drover by /).waitFor()

  await lab.restartHost(0)
  await card(page, a().name).getByRole('button', { name: 'Reconnect' }).click()
  // Its figures are there again.
  await card(page, a().name).getByText(/ of \d+ CPUs/).first().waitFor()
  await card(page, a().name).getByText(/^Maintenance/).waitFor()
  expect(await page.getByText(/It was shut down from Drover/).count()).toBe(0)
  expect(await allWhole(lab, guests)).toEqual([lab.host(1), lab.host(1)])
})
