import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Locator, Page } from 'playwright-core'
import type { Lab } from '../lab/lab.ts'

/** A home folder as a user of the lab's hosts would have it: keys in ssh_config, and known_hosts still empty. */
export function makeHome(lab: Lab): { readonly home: string; readonly profile: string; remove(): void } {
  const home = mkdtempSync(join(tmpdir(), 'drover-journey-'))
  mkdirSync(join(home, '.ssh'), { mode: 0o700 })
  const hosts = lab.hosts.map(({ name, address }) => `Host ${name}\n  HostName ${address}\n`).join('')
  const common = `Host *\n  User root\n  IdentityFile ${lab.ssh.identityFile}\n  UserKnownHostsFile ${join(home, '.ssh/known_hosts')}\n`
  writeFileSync(join(home, '.ssh/config'), hosts + common, { mode: 0o600 })
  return { home, profile: join(home, 'profile'), remove: () => rmSync(home, { recursive: true, force: true }) }
}

export const card = (page: Page, host: string): Locator => page.getByRole('row', { name: host, exact: true })
export const tile = (page: Page, host: string, vm: string): Locator => card(page, host).locator('.tile', { hasText: new RegExp(`^${vm}$`) })
export const dialog = (page: Page): Locator => page.getByRole('dialog')

/** What a newcomer does: picks a host of ssh_config, compares the fingerprint, trusts it, and sees it on the board. */
export async function connectHost(page: Page, name: string): Promise<void> {
  const welcome = page.getByRole('heading', { name: 'Move running VMs between your hosts' })
  const button = page.getByRole('button', { name: 'Connect a host' })
  await welcome.or(button).first().waitFor()
  if (!(await welcome.isVisible())) await button.first().click()
  await page.getByPlaceholder('user@host, or search ~/.ssh/config').last().fill(name)
  await page.keyboard.press('Enter')
  await page.getByRole('button', { name: 'Trust and connect' }).click()
  await card(page, name).getByText(/No VMs|running|off/).first().waitFor()
}

/** Drags a VM's tile onto a host's card; leaves the confirmation open. */
export async function dragOnto(page: Page, from: string, vm: string, to: string): Promise<void> {
  await tile(page, from, vm).dragTo(card(page, to))
  await dialog(page).getByText(`Move ${vm} to ${to}`).waitFor()
}

/** Waits until both hosts have answered, and confirms. */
export async function confirmMove(page: Page, vm: string): Promise<void> {
  await dialog(page).getByText(/^(Fits|Fits, with warnings)$/).waitFor()
  await dialog(page).getByRole('button', { name: `Move ${vm}`, exact: true }).click()
  await dialog(page).waitFor({ state: 'hidden' })
}
