import { gzipSync } from 'node:zlib'
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startFakeBackend, type FakeBackend } from './fake-backend.ts'
import type { ClusterSize } from './fake-cluster.ts'
import { expectNoAxeFindings, go, PageRig } from './page-rig.ts'

// The page alone, in a real browser, against a scripted cluster at the far end of the wire.

let rig: PageRig
let fake: FakeBackend

beforeAll(async () => {
  rig = await PageRig.start()
}, 120_000)
afterAll(() => rig?.stop())
afterEach(() => rig.closePages())

async function open(size: ClusterSize, theme: 'dark' | 'light' = 'dark'): Promise<Page> {
  const opened = await rig.open(size, theme)
  fake = opened.fake
  return opened.page
}

const tile = (page: Page, name: string) => page.locator('.tile', { hasText: new RegExp(`^${name}$`) })
const card = (page: Page, host: string) => page.locator(`[data-host=${host}]`)
const tree = (page: Page) => page.getByRole('tree')
const dialog = (page: Page) => page.getByRole('dialog')

test.each(['dark', 'light'] as const)('axe finds nothing serious on any page, %s', async (theme) => {
  const page = await open('small', theme)
  await tile(page, 'web-1').waitFor()
  await expectNoAxeFindings(page, 'board')
  for (const [hash, seen] of [['/host/kvm1', 'kvm1'], ['/job/past-0', 'mail'], ['/history', 'queue'], ['/settings', 'Theme'], ['/help', 'Shapes']] as const) {
    await go(page, hash, seen)
    await expectNoAxeFindings(page, hash)
  }
  await tree(page).getByText('web-1').dblclick()
  await page.locator('#page').getByText('web-1').first().waitFor()
  await expectNoAxeFindings(page, 'vm')
}, 400_000)

test.each(['dark', 'light'] as const)('axe finds nothing serious in what opens over a page, %s', async (theme) => {
  const page = await open('small', theme)
  await tile(page, 'web-1').waitFor()
  await page.keyboard.press('Control+k')
  await page.getByRole('combobox', { name: /Search/ }).fill('web')
  await expectNoAxeFindings(page, 'palette')
  await page.keyboard.press('Escape')
  await page.keyboard.press('?')
  await dialog(page).getByText('Keyboard').waitFor()
  await expectNoAxeFindings(page, 'keys')
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Connect a host' }).click()
  await dialog(page).getByRole('option').first().waitFor()
  await expectNoAxeFindings(page, 'connect')
  await dialog(page).getByRole('option', { name: /backup-host/ }).click()
  await dialog(page).getByText('Is this really backup-host?').waitFor()
  await expectNoAxeFindings(page, 'prompt')
}, 400_000)

test('axe finds nothing serious on the first start', async () => {
  const page = await open('empty')
  await page.getByRole('heading', { name: 'Start a lab in a box' }).waitFor()
  await expectNoAxeFindings(page, 'welcome')
  await page.getByRole('button', { name: 'Start the lab' }).click()
  await card(page, 'lab3').waitFor()
})

test('a dragged VM shows every host’s verdict, asks once, moves, stays selected, and can go back', async () => {
  const page = await open('small')
  const from = await tile(page, 'web-1').boundingBox()
  const to = await card(page, 'kvm2').boundingBox()
  if (!from || !to) throw new Error('not laid out')
  await page.mouse.move(from.x + 20, from.y + 10)
  await page.mouse.down()
  await page.mouse.move(from.x + 50, from.y + 30, { steps: 4 })
  await page.mouse.move(to.x + 80, to.y + 20, { steps: 8 })
  await expect.poll(() => card(page, 'kvm2').getAttribute('data-verdict')).toBe('fits')
  expect(await card(page, 'kvm1').getAttribute('data-verdict')).toBe('home')
  expect(await card(page, 'kvm3').getAttribute('data-verdict')).toBe('warns')
  expect(await card(page, 'kvm4').getAttribute('data-verdict')).toBe('blocked')
  await page.getByText('kvm2: fits', { exact: true }).waitFor()
  await page.mouse.up()
  await dialog(page).getByText('Move web-1 to kvm2').waitFor()
  await dialog(page).getByRole('button', { name: 'Move web-1' }).click()
  await page.getByRole('row').getByText('Copying memory').waitFor()
  await page.locator('[data-live=polite]').getByText(/Moved web-1 from kvm1 to kvm2/).waitFor({ state: 'attached', timeout: 30_000 })
  await expect.poll(() => card(page, 'kvm2').locator('.tile', { hasText: 'web-1' }).getAttribute('aria-selected')).toBe('true')
  await page.getByRole('button', { name: 'Move back web-1 to kvm1' }).click()
  await dialog(page).getByText('Move web-1 to kvm1').waitFor()
})

test('a move by keys alone: find, cut, paste on a host; and the menu says why not', async () => {
  const page = await open('small')
  await tree(page).focus()
  await page.keyboard.type('web-2')
  await page.keyboard.press('Control+x')
  await page.locator('[data-live=polite]').getByText(/web-2 cut/).waitFor({ state: 'attached' })
  await expect.poll(() => card(page, 'kvm3').getAttribute('data-verdict')).toBe('warns')
  await page.keyboard.type('kvm3')
  await page.keyboard.press('Control+v')
  await dialog(page).getByText('Move web-2 to kvm3').waitFor()
  await page.keyboard.press('Escape')
  await dialog(page).waitFor({ state: 'detached' })
  await tree(page).focus()
  await page.keyboard.type('win-legacy')
  await page.keyboard.press('Shift+F10')
  const reboot = page.getByRole('menuitem', { name: /Reboot/ })
  expect(await reboot.getAttribute('aria-disabled')).toBe('true')
  expect(await reboot.textContent()).toContain('It is off.')
  await page.keyboard.type('reboot')
  await page.keyboard.press('Enter')
  await page.locator('[data-live=polite]').getByText('Reboot is not possible: It is off.').waitFor({ state: 'attached' })
  await page.keyboard.type('start')
  await page.keyboard.press('Enter')
  await expect.poll(() => tile(page, 'win-legacy').getAttribute('data-state')).toBe('running')
})

test('force off names the VM and what is lost, and does nothing before it is confirmed', async () => {
  const page = await open('small')
  await tile(page, 'mail').click({ button: 'right' })
  await page.getByRole('menuitem', { name: 'Force off…' }).click()
  await dialog(page).getByText('pulls the power plug of mail').waitFor()
  await dialog(page).getByRole('button', { name: 'Cancel' }).click()
  expect(await tile(page, 'mail').getAttribute('data-state')).toBe('running')
  await tile(page, 'mail').click({ button: 'right' })
  await page.keyboard.press('End')
  await page.keyboard.press('Enter')
  await dialog(page).getByRole('button', { name: 'Force off mail' }).click()
  await expect.poll(() => tile(page, 'mail').getAttribute('data-state')).toBe('off')
})

test('one filter narrows tree and board alike', async () => {
  const page = await open('small')
  await tile(page, 'web-1').waitFor()
  await page.keyboard.press('/')
  await page.keyboard.type('tag:db state:running')
  await expect.poll(() => page.locator('.tile').allInnerTexts()).toEqual(['db-primary', 'db-replica'])
  expect(await tree(page).getByRole('treeitem').count()).toBe(5)
  await page.keyboard.press('Escape')
  await tile(page, 'web-1').waitFor()
})

test('a dead connection says so, keeps what was seen, and comes back by itself', async () => {
  const page = await open('small')
  await page.getByText('Live').waitFor()
  fake.dropConnections()
  await fake.cluster.removeHost('kvm4')
  await card(page, 'kvm4').waitFor({ state: 'detached' })
  await page.getByText('Live').waitFor()
})

test('two thousand VMs: only what is near the screen is in the page, and everything can be found', async () => {
  const page = await open('large')
  await tile(page, 'auth-101').waitFor()
  expect(await page.locator('.tile').count()).toBeLessThan(700)
  expect(await page.getByRole('treeitem').count()).toBeLessThan(60)
  await tree(page).focus()
  await page.keyboard.press('End')
  const last = page.locator(`[id="${await tree(page).getAttribute('aria-activedescendant')}"]`)
  await last.waitFor()
  expect(await last.getAttribute('aria-level')).toBe('3')
})

test('the first sight weighs at most 400 kB, and nothing is asked of anybody else', async () => {
  fake = rig.fake = await startFakeBackend(rig.folder, { size: 'small' })
  const page = await (await rig.browser.newContext()).newPage()
  const sizes: number[] = []
  const bodies: Promise<unknown>[] = []
  page.on('response', (response) => bodies.push(response.body().then((body) => sizes.push(gzipSync(body).length), () => undefined)))
  await page.goto(fake.url)
  await tile(page, 'web-1').waitFor()
  await Promise.all(bodies)
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(400 * 1024)
  expect(rig.strangers).toEqual([])
})
