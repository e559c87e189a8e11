import { readFile } from 'node:fs/promises'
import { chromium, type Browser, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { LabGuest } from '../lab/guest.ts'
import { Lab } from '../lab/lab.ts'
import { startServe, type DroverProcess } from './drover-process.ts'
import { allWhole, bringBack, evacuate, guestsOnFirst } from './evacuation-journey.ts'
import { card, connectHost, makeHome } from './lab-journey.ts'

// A host with eight running VMs is emptied to two others from the real window in Chromium, and they come back.

let lab: Lab
let home: ReturnType<typeof makeHome>
let drover: DroverProcess
let browser: Browser
let page: Page
let guests: LabGuest[]

beforeAll(async () => {
  lab = await Lab.up({ hosts: [{}, {}, {}] })
  guests = await guestsOnFirst(lab, 8)
  home = makeHome(lab)
  drover = await startServe(['--profile', home.profile], { HOME: home.home })
  browser = await chromium.launch({ executablePath: process.env['DROVER_TEST_CHROMIUM'] ?? '/usr/bin/chromium', args: ['--no-sandbox'] })
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce', acceptDownloads: true })
  context.setDefaultTimeout(300_000)
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

test('eight VMs leave, the host is asked and in maintenance, and every guest is whole', async () => {
  const a = lab.host(0)
  await card(page, a.name).getByText('8 VMs running').waitFor()
  await evacuate(page, a.name, 'Fan 3 is dead', 8)
  expect((await a.virsh(['list', '--all', '--name'])).trim()).toBe('')
  const places = await allWhole(lab, guests)
  expect(new Set(places.map(({ name }) => name))).toEqual(new Set([lab.host(1).name, lab.host(2).name]))
  await page.getByRole('tab', { name: 'Board' }).click()
  await page.locator(`[data-lane-host="${a.name}"]`).getByText(/empty · Fan 3 is dead/).waitFor()
})

test('they come back to where they were, and the host has left maintenance', async () => {
  const a = lab.host(0)
  await page.getByRole('tab', { name: `Evacuation of ${a.name}` }).click()
  await bringBack(page, a.name, 8)
  expect((await allWhole(lab, guests)).map(({ name }) => name)).toEqual(guests.map(() => a.name))
  await page.getByRole('tab', { name: 'Board' }).click()
  await page.getByText('No host. Drag a host’s card here to empty it.').waitFor()
})

test('the history tells who moved what and why, and is exported', async () => {
  await page.getByRole('button', { name: 'History' }).first().click()
  await page.getByRole('tab', { name: 'Who moved what' }).click()
  await page.getByLabel('Search the history').fill('fan dead')
  await page.getByText('8 moves', { exact: true }).waitFor()
  await page.getByRole('button', { name: 'Export' }).click()
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('menuitem', { name: /^JSON/ }).click()])
  const told = JSON.parse(await readFile(await download.path(), 'utf8')) as { vmName: string; reason: string; kind: string }[]
  expect(told.map(({ vmName }) => vmName).sort()).toEqual(guests.map(({ name }) => name).sort())
  expect(new Set(told.map(({ kind, reason }) => `${kind}: ${reason}`))).toEqual(new Set(['evacuate: Fan 3 is dead']))
})
