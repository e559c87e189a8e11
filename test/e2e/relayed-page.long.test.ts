import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { moveOptions } from '../../src-main/contract/migration.ts'
import type { FakeBackend } from './fake-backend.ts'
import { FakeMove } from './fake-move.ts'
import { fakePages } from './fake-pages.ts'
import { expectNoAxeFindings, go, PageRig } from './page-rig.ts'

// Moves whose memory goes through the agents: what their pages show, and how a gang is begun. The page alone, against a scripted cluster.

let rig: PageRig
beforeAll(async () => {
  rig = await PageRig.start()
}, 120_000)
afterAll(() => rig?.stop())
afterEach(() => {
  FakeMove.pace = 1 / 32
  return rig.closePages()
})

async function open(): Promise<{ page: Page; fake: FakeBackend }> {
  FakeMove.pace = 0
  const opened = await rig.open('small')
  await tile(opened.page, 'web-1').waitFor()
  return opened
}

async function expectNothingInEitherTheme(page: Page, { cluster }: FakeBackend, where: string): Promise<void> {
  await expectNoAxeFindings(page, `${where}, dark`)
  cluster.updateSettings({ theme: 'light' })
  await page.locator('html.light').waitFor()
  await expectNoAxeFindings(page, `${where}, light`)
}

const tile = (page: Page, name: string) => page.locator('.tile', { hasText: new RegExp(`^${name}$`) })
const dialog = (page: Page) => page.getByRole('dialog')
const planOf = ({ cluster }: FakeBackend, name: string, technique: 'gang' | 'scatter', destination = 'kvm2') => {
  const vm = [...cluster.vms.values()].find((each) => each.name === name)
  if (!vm) throw new Error(`no ${name}`)
  return { vm: vm.ref, destination, options: moveOptions.parse({ technique }) }
}
const show = ({ cluster }: FakeBackend, job: string, technique: string, progress: number) => cluster.moves.get(job)?.show({ progress, pages: fakePages(technique, progress) })

test('a scattered move has two clocks, and says when its host may go', async () => {
  const { page, fake } = await open()
  const { cluster } = fake
  cluster.startMove('scatter-1', planOf(fake, 'proxy', 'scatter'))
  await go(page, '/job/scatter-1', 'proxy')
  show(fake, 'scatter-1', 'scatter', 0.3)
  const view = page.getByRole('region', { name: 'Memory on its way' })
  await view.getByText('kvm3 free').waitFor()
  expect(await view.locator('.clock').allInnerTexts()).toEqual([expect.stringMatching(/^kvm3 free[^]*running/), expect.stringMatching(/^proxy complete[^]*running/)])
  expect(await view.getByText(/powered off now/).count()).toBe(0)
  await view.locator('li', { hasText: 'kvm4' }).getByText('lost').waitFor()
  show(fake, 'scatter-1', 'scatter', 0.5)
  await view.locator('.clock', { hasText: 'kvm3 free' }).getByText('reached').waitFor()
  // Another VM runs there: its host must not be powered off, whatever this one allows.
  await view.getByText(/proxy no longer needs kvm3/).waitFor()
  expect(await view.getByText(/powered off now/).count()).toBe(0)
  for (const vm of cluster.vms.values()) if (vm.ref.host === 'kvm3' && vm.name !== 'proxy') cluster.setVm(vm, { state: 'off' })
  await view.getByText(/This host may be powered off now/).waitFor()
  await expectNothingInEitherTheme(page, fake, 'scattered move')
}, 200_000)

test('a gang shows what its VMs have in common, and each of them', async () => {
  const { page, fake } = await open()
  const names = ['web-2', 'cache', 'db-primary']
  fake.cluster.startMoves(names.map((name, i) => ({ job: `gang-job-${i}`, plan: planOf(fake, name, 'gang') })))
  names.forEach((_, i) => show(fake, `gang-job-${i}`, 'gang', 0.5))
  await go(page, '/job/gang-job-0', 'web-2')
  const view = page.getByRole('region', { name: /gang/ })
  await view.getByText('5.56 : 1').waitFor()
  await view.getByText('3.89 : 1').waitFor()
  expect(await view.locator('.vms li').allInnerTexts()).toEqual(names.map((name) => expect.stringContaining(name)))
  expect(await view.getByRole('img', { name: /^Pages of the gang/ }).getAttribute('aria-label')).toMatch(/Unique 141,558 pages.*Across VMs.*Zero/)
  await expectNothingInEitherTheme(page, fake, 'gang')
  await view.getByRole('link', { name: 'cache' }).click()
  await page.getByText('cache: kvm1 → kvm2').waitFor()
  await view.getByRole('button', { name: 'Cancel all 3…' }).click()
  await dialog(page).getByRole('button', { name: 'Cancel the moves' }).click()
  await expect.poll(() => [...fake.cluster.moves.values()].map(({ job }) => job.state.state)).toEqual(['cancelled', 'cancelled', 'cancelled'])
}, 200_000)

test('a gang is begun from the board by key, and its VMs move as one', async () => {
  const { page, fake } = await open()
  await tile(page, 'mail').click()
  await tile(page, 'git').click({ modifiers: ['Control'] })
  await page.keyboard.press('g')
  await dialog(page).getByText('Move 2 VMs as a gang to…').waitFor()
  await dialog(page).getByRole('combobox', { name: 'Destination' }).click()
  await page.getByRole('option', { name: 'kvm1' }).click()
  expect(await dialog(page).getByRole('radio').count()).toBe(0)
  await dialog(page).getByRole('button', { name: 'Estimate what they share' }).click()
  await dialog(page).getByText(/38–44 % the same in several/).waitFor()
  await expectNoAxeFindings(page, 'gang dialog')
  await dialog(page).getByRole('button', { name: 'Move 2 VMs' }).click()
  await expect.poll(() => [...fake.cluster.moves.values()].map(({ job }) => [job.vmName, job.plan.options.technique, job.gang?.size]).sort()).toEqual([['git', 'gang', 2], ['mail', 'gang', 2]])
}, 120_000)

test('a gang can be spread over a rack', async () => {
  const { page, fake } = await open()
  // Both hosts have as much left, so that one VM goes to each.
  const queue = [...fake.cluster.vms.values()].find(({ name }) => name === 'queue')
  if (queue) fake.cluster.setVm(queue, { memoryKiB: 29 * 1048576 })
  for (const id of ['kvm2', 'kvm3']) await fake.cluster.updateHost({ host: id, tags: ['rack:west'] })
  await tile(page, 'web-1').click()
  await tile(page, 'web-2').click({ modifiers: ['Control'] })
  await page.keyboard.press('Control+k')
  await page.getByRole('combobox', { name: /Search/ }).fill('as a gang')
  await page.getByRole('option', { name: /Move as a gang/ }).first().click()
  await dialog(page).getByRole('combobox', { name: 'Destination' }).click()
  await page.getByRole('option', { name: /Rack west/ }).click()
  await dialog(page).getByRole('button', { name: /Move 2 VMs/ }).click()
  await expect.poll(() => new Set([...fake.cluster.moves.values()].map(({ job }) => job.plan.destination))).toEqual(new Set(['kvm2', 'kvm3']))
}, 120_000)

test('“Evacuate fastest” says which hosts hold the pages and when the source is free', async () => {
  const { page, fake } = await open()
  await tile(page, 'web-1').click()
  await page.keyboard.press('m')
  await dialog(page).getByRole('combobox', { name: 'Destination' }).click()
  await page.getByRole('option', { name: 'kvm2' }).click()
  await dialog(page).getByText('Evacuate fastest').click()
  await dialog(page).getByText('Source free').waitFor()
  const depots = dialog(page).getByRole('region', { name: 'Depots' })
  await depots.getByRole('row', { name: /kvm3 48.GiB free 10 Gbit\/s its link is among the fastest/ }).waitFor()
  // A host that cannot be one says why, and cannot be ticked.
  expect(await depots.getByRole('checkbox', { name: 'kvm5' }).isDisabled()).toBe(true)
  await depots.getByText(/With two copies, any one depot may be lost/).waitFor()
  await depots.getByRole('checkbox', { name: 'kvm4' }).focus()
  await page.keyboard.press('Space')
  await depots.getByText('Chosen by you.').waitFor()
  await depots.getByText(/2.copies take 2 depots/).waitFor()
  await depots.getByRole('radio', { name: 'Two' }).focus()
  await page.keyboard.press('ArrowLeft')
  await depots.getByText('With one copy, losing kvm3 before the end loses web-1.').waitFor()
  await dialog(page).getByText('Disks, limits and more').click()
  // What the agents leave no choice in is not offered.
  expect(await dialog(page).getByText('Compression').count()).toBe(0)
  await expectNothingInEitherTheme(page, fake, 'scatter dialog')
  await dialog(page).getByRole('button', { name: 'Move web-1' }).click()
  await expect.poll(() => [...fake.cluster.moves.values()].map(({ job }) => [job.plan.options.technique, job.plan.options.replicas, job.plan.options.depots])).toEqual([['scatter', 1, ['kvm3']]])
}, 120_000)

test('an evacuation offers both ways with what they give, takes one for all, and gives it back', async () => {
  const { page, fake } = await open()
  await go(page, '/plan/evacuate/kvm1', 'Evacuate fastest')
  const offers = page.getByRole('region', { name: 'Other ways to empty the host' })
  await offers.getByText(/source free in 9–14.s/).waitFor()
  await offers.getByRole('button', { name: 'Estimate what they share' }).click()
  await offers.getByText(/38–44 % the same in several/).waitFor()
  const technique = page.getByRole('combobox', { name: 'Technique for web-1' })
  await offers.getByRole('button', { name: 'Evacuate fastest: take it for all' }).click()
  await expect.poll(() => technique.inputValue()).toBe('scatter')
  const depots = page.getByRole('region', { name: 'Depots' })
  await depots.getByRole('radio', { name: 'One' }).check()
  await depots.getByText(/With one copy, losing .* before the end loses/).waitFor()
  await depots.getByRole('checkbox', { name: 'kvm4' }).uncheck()
  await depots.getByText('Chosen by you.').waitFor()
  await expect.poll(() => depots.getByRole('checkbox', { name: 'kvm4' }).isChecked()).toBe(false)
  await expectNothingInEitherTheme(page, fake, 'plan with offers')
  await depots.getByRole('button', { name: 'Let Drover choose' }).click()
  await depots.getByText('Picked by link, then by free memory.').waitFor()
  await offers.getByRole('button', { name: 'Give back: Evacuate fastest' }).click()
  await expect.poll(() => technique.inputValue()).toBe('precopy')
}, 120_000)
