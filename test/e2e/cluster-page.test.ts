import { readFile } from 'node:fs/promises'
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { FakeBackend } from './fake-backend.ts'
import { expectNoAxeFindings, go, PageRig } from './page-rig.ts'

// Plans, runs, maintenance and history in a real browser, against a scripted cluster at the far end of the wire.

let rig: PageRig
let fake: FakeBackend
let page: Page

beforeAll(async () => {
  rig = await PageRig.start()
}, 120_000)
afterAll(() => rig?.stop())
afterEach(() => rig.closePages())

async function open(theme: 'dark' | 'light' = 'dark'): Promise<void> {
  ;({ page, fake } = await rig.open('small', theme))
  await page.locator('.tile').first().waitFor()
}

const dialog = () => page.getByRole('dialog')
const row = (vm: string) => page.locator(`[data-vm="${vm}"]`)
const runRow = (vm: string) => page.locator(`[data-run-row="${vm}"]`)
const planHost = (host: string) => page.locator(`[data-plan-host="${host}"]`)
const said = (text: string | RegExp) => page.locator('[data-live=polite]').getByText(text).first().waitFor({ state: 'attached' })
const settled = () => page.getByText(/^Checked (\d+) of \1$/).waitFor()

async function startPlan(reason: string): Promise<void> {
  await page.getByRole('button', { name: 'Start…' }).click()
  await dialog().getByLabel('Reason').fill(reason)
  await dialog().getByRole('button', { name: 'Start', exact: true }).click()
  await page.getByRole('button', { name: 'Pause' }).first().waitFor()
}

test.each(['dark', 'light'] as const)('axe finds nothing serious in plan, run, maintenance, history and rules, %s', async (theme) => {
  await open(theme)
  await go(page, '/plan/evacuate/kvm1', 'Evacuate kvm1')
  await settled()
  await page.getByRole('button', { name: 'Details of web-1' }).click()
  await expectNoAxeFindings(page, 'plan')
  await page.getByRole('button', { name: 'Start…' }).click()
  await dialog().getByLabel('Reason').waitFor()
  await expectNoAxeFindings(page, 'start')
  await dialog().getByRole('button', { name: 'Start', exact: true }).click()
  await page.getByRole('img', { name: /^Throughput by link/ }).waitFor()
  await expectNoAxeFindings(page, 'run')
  await page.getByRole('button', { name: 'Cancel…' }).first().click()
  await dialog().getByText('Bring back what has moved').waitFor()
  await expectNoAxeFindings(page, 'cancel')
  await page.keyboard.press('Escape')
  await go(page, '/host/kvm1', 'Entering maintenance')
  await expectNoAxeFindings(page, 'host in maintenance')
  await go(page, '/', 'being emptied')
  await expectNoAxeFindings(page, 'board with its lane')
  await go(page, '/history?tab=placements', 'closer to its disks')
  await expectNoAxeFindings(page, 'placements')
  await go(page, '/history?tab=runs', 'Evacuation of kvm1')
  await expectNoAxeFindings(page, 'runs')
  await go(page, '/rules', 'Databases apart')
  await page.getByRole('button', { name: 'Add a rule…' }).click()
  await dialog().getByText('No two of them on one host.').waitFor()
  await expectNoAxeFindings(page, 'rule')
}, 400_000)

test('a host’s card dragged onto the lane opens its plan; edits by hand and by keyboard are taken, and undone', async () => {
  await open()
  const from = await page.locator('[data-host=kvm1] .head').boundingBox()
  const to = await page.getByRole('region', { name: 'Maintenance' }).boundingBox()
  if (!from || !to) throw new Error('not laid out')
  await page.mouse.move(from.x + 60, from.y + 30)
  await page.mouse.down()
  await page.mouse.move(from.x + 90, from.y + 60, { steps: 4 })
  await page.getByText('Drop kvm1 here to plan its evacuation').waitFor()
  await page.mouse.move(to.x + 200, to.y + 10, { steps: 8 })
  await page.mouse.up()
  await settled()
  await page.getByText('2 VMs stay: kvm1 will not be empty').waitFor()
  const before = await page.getByLabel('Destination of web-1').inputValue()
  const other = before === 'kvm2' ? 'kvm3' : 'kvm2'
  await row('web-1').locator('.name').dragTo(planHost(other).locator('header'))
  await expect.poll(() => page.getByLabel('Destination of web-1').inputValue()).toBe(other)
  await page.getByLabel('Decision for web-2').selectOption('skip')
  await page.getByText('3 VMs stay').waitFor()
  await page.keyboard.press('Control+z')
  await page.getByText('2 VMs stay').waitFor()
  await said('Undone: Skip web-2.')
  await page.getByLabel('Decision for all VMs').selectOption('skip')
  await page.getByText('7 VMs stay').waitFor()
  await page.keyboard.press('Control+z')
  await page.getByText('2 VMs stay').waitFor()
  await page.getByRole('button', { name: `Undo: web-1 to ${other}` }).click()
  await expect.poll(() => page.getByLabel('Destination of web-1').inputValue()).toBe(before)
  expect(await page.getByLabel('Destination of web-1').locator('option', { hasText: 'kvm4' }).textContent()).toBe('kvm4 is not connected.')
})

test('what cannot move is left alone until somebody chooses, and a choice says what it does to the guest', async () => {
  await open()
  await go(page, '/plan/evacuate/kvm1', 'Evacuate kvm1')
  await settled()
  const cache = page.locator('[data-obstacle=cache]')
  await cache.getByText('is assigned to it').waitFor()
  expect(await page.getByLabel('What becomes of cache').inputValue()).toBe('leave')
  expect(await row('cache').count()).toBe(0)
  await page.getByLabel('What becomes of cache').selectOption('shut-down-and-start')
  await cache.getByText('The guest is asked to shut down').waitFor()
  await row('cache').waitFor()
  await page.getByRole('button', { name: 'Start…' }).click()
  await dialog().getByText('cache: asked to shut down in the guest').waitFor()
  await dialog().getByText('scratch: stays on kvm1').waitFor()
})

test('a run is watched, paused, skipped and ended; the host is asked before it is called empty, and its VMs can come back', async () => {
  await open()
  for (const name of ['cache', 'scratch']) {
    const vm = [...fake.cluster.vms.values()].find((one) => one.name === name)
    if (vm) fake.cluster.moveVm(vm, 'kvm2')
  }
  await page.keyboard.press('Control+k')
  await page.keyboard.type('evacuate kvm1')
  await page.keyboard.press('Enter')
  await settled()
  await page.getByText('kvm1 will be empty').waitFor()
  await startPlan('Fan 3 is dead')
  await page.getByRole('tab', { name: /Evacuation of kvm1/ }).waitFor()
  expect(await page.getByRole('tab', { name: /Evacuate kvm1/ }).count()).toBe(0)
  await runRow('db-primary').getByText('Moving').waitFor()
  await page.getByRole('button', { name: 'Pause' }).first().click()
  await page.getByText('Paused: nothing new begins').waitFor()
  await page.getByRole('button', { name: 'Go on' }).first().click()
  await page.getByRole('button', { name: 'Skip win-legacy' }).click()
  await runRow('win-legacy').getByText('Skipped by ada.').waitFor({ state: 'attached' })
  await page.getByText('kvm1 still has 1 VM: win-legacy.').first().waitFor()
  expect(await page.getByRole('button', { name: 'Shut down host…' }).count()).toBe(0)
  await page.getByRole('button', { name: 'Plan the rest…' }).click()
  await settled()
  await startPlan('the rest')
  await page.getByText('Evacuated: kvm1 was asked and has no VM left.').first().waitFor()
  await page.getByRole('button', { name: 'Shut down host…' }).click()
  await dialog().getByText('Type kvm1 to confirm').waitFor()
  expect(await dialog().getByRole('button', { name: 'Shut down host' }).getAttribute('aria-disabled')).toBe('true')
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Bring VMs back…' }).click()
  await settled()
  await page.getByText('5 moves').waitFor()
  expect(await page.getByLabel('Destination of web-1').inputValue()).toBe('kvm1')
}, 120_000)

test('a plan that is older than its cluster says what has changed, is not started as it is, and is made anew with its edits', async () => {
  await open()
  await go(page, '/plan/evacuate/kvm1', 'Evacuate kvm1')
  await settled()
  await page.getByLabel('Decision for web-2').selectOption('skip')
  await page.getByText('3 VMs stay').waitFor()
  await settled()
  const vm = (name: string) => [...fake.cluster.vms.values()].find((one) => one.name === name)!
  const outdated = page.getByRole('region', { name: 'This plan is outdated' })
  const start = page.getByRole('button', { name: 'Start…' })
  expect(await outdated.count()).toBe(0)

  // Elsewhere: said, and said once more before the start, which it does not keep from happening.
  const other = [...fake.cluster.vms.values()].find(({ ref, state }) => ref.host === 'kvm2' && state === 'running')!
  fake.cluster.setVm(other, { state: 'off' })
  await outdated.getByText(`${other.name} has stopped on kvm2.`).waitFor()
  await start.click()
  await dialog().getByText(`Since this plan was made: ${other.name} has stopped on kvm2.`).waitFor()
  // One of its own, while the dialog is open.
  fake.cluster.setVm(vm('web-1'), { state: 'off' })
  await dialog().getByRole('alert').getByText('The plan is outdated: make it anew first.').waitFor()
  await dialog().getByLabel('Reason').press('Enter')
  await said('The plan is outdated: make it anew first.')
  expect(fake.cluster.runs.size).toBe(0)
  await page.keyboard.press('Escape')
  await outdated.getByText('web-1 has stopped on kvm1.').waitFor()
  expect(await start.getAttribute('aria-disabled')).toBe('true')
  await expectNoAxeFindings(page, 'outdated plan')

  await outdated.getByRole('button', { name: 'Make it anew' }).click()
  await outdated.waitFor({ state: 'detached' })
  await settled()
  expect(await page.getByLabel('Decision for web-2').inputValue()).toBe('skip')
  fake.cluster.moveVm(vm('web-1'), 'kvm3')
  await outdated.getByText('web-1 has moved from kvm1 to kvm3.').waitFor()
  await page.getByRole('button', { name: 'Plan again' }).click()
  await outdated.waitFor({ state: 'detached' })
  await startPlan('')
  expect([...fake.cluster.runs.values()][0]?.run.rows.map(({ name }) => name)).not.toContain('web-1')
})

test('after a restart the run asks for a word; cancel offers to stop here or to bring back', async () => {
  await open()
  await go(page, '/plan/evacuate/kvm1', 'Evacuate kvm1')
  await settled()
  await startPlan('')
  await runRow('db-primary').getByText('Moving').waitFor()
  const run = [...fake.cluster.runs.values()][0]
  run?.show({ state: { state: 'awaiting-word', since: Date.now(), reason: 'Drover was started anew.' } })
  await page.getByRole('alert', { name: 'A word is needed' }).getByText('2 moves go on by themselves. 3 VMs wait. Shall they follow?').waitFor()
  await page.getByText('Evacuation of kvm1 waits for your word').first().waitFor()
  await page.getByRole('table', { name: /moves/ }).getByRole('button', { name: 'Answer: Evacuation of kvm1' }).waitFor()
  await page.getByRole('button', { name: 'Stop, or bring back…' }).click()
  expect(await dialog().getByRole('radio', { name: /Bring back/ }).isDisabled()).toBe(true)
  await dialog().getByRole('button', { name: 'Stop here' }).click()
  await page.getByText('Stopped: what had moved stays where it is.').first().waitFor()
})

test('a move that failed in a run can be tried again, to another host', async () => {
  await open()
  await go(page, '/plan/evacuate/kvm1', 'Evacuate kvm1')
  await settled()
  await startPlan('')
  await runRow('db-primary').getByText('Moving').waitFor()
  for (const move of fake.cluster.moves.values()) if (move.job.vmName === 'db-primary') move.fail()
  await runRow('db-primary').getByText('Failed').waitFor()
  await runRow('db-primary').getByText(/The VM runs on kvm1, as before/).waitFor()
  const to = (await runRow('db-primary').locator('td').first().textContent()) === 'kvm2' ? 'kvm3' : 'kvm2'
  await runRow('db-primary').click({ button: 'right' })
  await page.getByRole('menuitem', { name: `Try again, to ${to}` }).click()
  await expect.poll(() => runRow('db-primary').locator('td').first().textContent()).toBe(to)
  expect([...fake.cluster.runs.values()][0]?.run.rows.find(({ name }) => name === 'db-primary')?.destination).toBe(to)
})

test('maintenance has a reason that everybody sees, and ends', async () => {
  await open()
  await page.locator('[data-host=kvm3] .head').click({ button: 'right' })
  await page.getByRole('menuitem', { name: 'Enter maintenance…' }).click()
  await dialog().getByLabel('Reason').fill('Firmware')
  await page.keyboard.press('Enter')
  await page.locator('[data-lane-host=kvm3]').getByText(/Firmware, by ada/).waitFor()
  await page.locator('[data-host=kvm3]').getByText('Entering').waitFor()
  await page.locator('[data-lane-host=kvm3]').click()
  await page.getByText('Entering maintenance: Firmware').waitFor()
  await page.getByRole('button', { name: 'Leave maintenance' }).click()
  await page.getByText('Entering maintenance: Firmware').waitFor({ state: 'detached' })
})

test('Remove from Drover wants the host’s name in writing', async () => {
  await open()
  await page.locator('[data-host=kvm3] .head').click({ button: 'right' })
  await page.getByRole('menuitem', { name: 'Remove from Drover…' }).click()
  await dialog().getByLabel('Type kvm3 to confirm').fill('kvm')
  await page.keyboard.press('Enter')
  await said('Type kvm3 first.')
  await dialog().getByLabel('Type kvm3 to confirm').fill('kvm3')
  await page.keyboard.press('Enter')
  await page.locator('[data-host=kvm3]').waitFor({ state: 'detached' })
})

test.each([
  ['CSV', /^time,vm,.*\r\n.*,mail,.*closer to its disks/s],
  ['JSON', /^\[\s*\{.*"vmName": "mail"/s],
  ['Markdown', /^\| time \| vm .*\| mail \|/s],
])('the history is searched, and what was found is exported as %s', async (format, expected) => {
  await open()
  await go(page, '/history?tab=placements', 'Who moved what')
  await page.getByLabel('Search the history').fill('mail kvm2')
  await page.getByText('1 move', { exact: true }).waitFor()
  await page.getByRole('button', { name: 'Export' }).click()
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('menuitem', { name: new RegExp(`^${format}`) }).click()])
  expect(download.suggestedFilename()).toMatch(/^drover-history-\d{4}-\d\d-\d\d\.(csv|json|md)$/)
  const text = await readFile(await download.path(), 'utf8')
  expect(text).toMatch(expected)
  expect(text).not.toContain('queue')
})

test('rules are added, changed and removed by keyboard', async () => {
  await open()
  await go(page, '/rules', 'Databases apart')
  await page.getByRole('button', { name: 'Add a rule…' }).press('Enter')
  await dialog().getByText('Name at least one VM or tag.').waitFor()
  await dialog().getByLabel('VMs with a tag').press('Enter')
  await page.getByRole('option', { name: 'web' }).waitFor()
  await page.keyboard.type('web')
  await expect.poll(() => page.getByRole('option').count()).toBe(1)
  await page.keyboard.press('Enter')
  await page.keyboard.press('Escape')
  await expect.poll(() => page.getByRole('option').count()).toBe(0)
  await dialog().getByPlaceholder('Apart: web').waitFor()
  await dialog().getByRole('button', { name: 'Add', exact: true }).click()
  await page.locator('[data-rule="Apart: web"]').getByText('tag web: on different hosts').waitFor()
  await page.getByRole('button', { name: 'Change Apart: web' }).click()
  await dialog().getByLabel('Name').fill('Web servers apart')
  await page.keyboard.press('Enter')
  await page.locator('[data-rule="Web servers apart"]').waitFor()
  await page.getByRole('button', { name: 'Remove Databases apart' }).click()
  await dialog().getByRole('button', { name: 'Remove the rule' }).click()
  await page.locator('[data-rule="Databases apart"]').waitFor({ state: 'detached' })
})

test('two hundred VMs on sixteen hosts: the plan is on screen at once, and an edit does not stall the window', async () => {
  const opened = await rig.open('large')
  ;({ page, fake } = opened)
  await page.locator('.tile').first().waitFor()
  const extra = [...fake.cluster.vms.values()].filter((vm) => vm.ref.host !== 'node01').slice(0, 170)
  for (const vm of extra) fake.cluster.moveVm(vm, 'node01')
  await go(page, '/plan/evacuate/node01', 'Evacuate node01')
  await settled()
  expect(await page.locator('[data-vm]').count()).toBeGreaterThan(190)
  const name = (await page.locator('[data-vm]').first().getAttribute('data-vm')) ?? ''
  await page.getByLabel(`Decision for ${name}`).selectOption('pin')
  await page.getByText('1 VM stays').waitFor()
}, 120_000)
