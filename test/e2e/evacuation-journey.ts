import { expect } from 'vitest'
import type { Page } from 'playwright-core'
import { LabGuest } from '../lab/guest.ts'
import type { LabHost } from '../lab/host.ts'
import type { Lab } from '../lab/lab.ts'
import { card, dialog } from './lab-journey.ts'

/** Guests that run on the first host of a lab. */
export async function guestsOnFirst(lab: Lab, count: number): Promise<LabGuest[]> {
  const guests = Array.from({ length: count }, (_, i) => new LabGuest(lab, { name: `vm-${i + 1}` }))
  await Promise.all(guests.map((guest) => guest.start(lab.host(0))))
  return guests
}

/** Every guest runs on exactly one host, with its memory whole. Answers the host of each. */
export async function allWhole(lab: Lab, guests: readonly LabGuest[]): Promise<LabHost[]> {
  const places: LabHost[] = []
  for (const guest of guests) {
    const running = await Promise.all(lab.hosts.map((host) => guest.isRunning(host)))
    expect(running.filter(Boolean), guest.name).toHaveLength(1)
    const at = lab.hosts[running.indexOf(true)]!
    places.push(at)
    expect(await guest.verify(at), guest.name).toMatchObject({ bad: 0, badEver: 0 })
  }
  return places
}

/** Waits until both hosts of every row have answered. */
async function settled(page: Page): Promise<void> {
  await page.getByText(/^Checked ([1-9]\d*) of \1$/).waitFor()
}

async function start(page: Page, reason: string): Promise<void> {
  await page.getByRole('button', { name: 'Start…' }).click()
  await dialog(page).getByLabel('Reason').fill(reason)
  await dialog(page).getByRole('button', { name: 'Start', exact: true }).click()
  await dialog(page).waitFor({ state: 'hidden' })
}

/** Empties a host as an admin would: menu, plan, reason, and looking on until the host itself has said that it is empty. */
export async function evacuate(page: Page, host: string, reason: string, count: number): Promise<void> {
  await page.getByRole('tab', { name: 'Board' }).click()
  await card(page, host).locator('.head').click({ button: 'right' })
  await page.getByRole('menuitem', { name: 'Evacuate…' }).click()
  await settled(page)
  await page.getByText(`${host} will be empty`).waitFor()
  await page.getByText(`${count} moves`, { exact: true }).waitFor()
  await start(page, reason)
  await page.getByRole('img', { name: /^Memory used by host:/ }).waitFor()
  await page.locator('#page').getByText(`Evacuated: ${host} was asked and has no VM left.`).first().waitFor()
}

/** Brings the VMs of an emptied host back, from the verdict of its run; that ends its maintenance too. */
export async function bringBack(page: Page, host: string, count: number): Promise<void> {
  await page.getByRole('button', { name: 'Bring VMs back…' }).click()
  await settled(page)
  await page.getByText(`${count} moves`, { exact: true }).waitFor()
  await start(page, 'The fan is new')
  await page.getByText(`${count} of ${count} VMs moved`).first().waitFor()
  await page.getByRole('region', { name: 'Verdict' }).or(page.getByRole('status', { name: 'Verdict' })).first().waitFor()
}
