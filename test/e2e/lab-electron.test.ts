import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LabGuest } from '../lab/guest.ts'
import { Lab } from '../lab/lab.ts'
import { closeDisplay, startElectron, whyNoElectron, type ElectronProcess } from './electron-process.ts'
import { card, confirmMove, connectHost, dragOnto, makeHome, tile } from './lab-journey.ts'

describe.skipIf(whyNoElectron !== null)(`moves from the window of Electron${whyNoElectron ? ` (${whyNoElectron})` : ''}`, () => {
  let lab: Lab
  let guest: LabGuest
  let home: ReturnType<typeof makeHome>
  let window: ElectronProcess

  beforeAll(async () => {
    lab = await Lab.up({ hosts: [{}, {}] })
    guest = new LabGuest(lab, { name: 'ticker', patternMiB: 24 })
    await guest.start(lab.host(0))
    home = makeHome(lab)
    window = await startElectron([`--profile=${home.profile}`], { HOME: home.home })
    window.page.setDefaultTimeout(60_000)
  }, 240_000)

  afterAll(async () => {
    await window?.end('SIGKILL')
    await closeDisplay()
    home?.remove()
    await lab?.down()
  })

  test('two hosts are connected, a VM is dragged, watched and seen to arrive', async () => {
    const { page } = window
    const [a, b] = [lab.host(0), lab.host(1)]
    await connectHost(page, a.name)
    await connectHost(page, b.name)
    await tile(page, a.name, 'ticker').waitFor()
    await dragOnto(page, a.name, 'ticker', b.name)
    await confirmMove(page, 'ticker')
    await page.getByRole('button', { name: 'ticker', exact: true }).first().click()
    await page.getByText('Guest stood still', { exact: true }).waitFor()
    await page.getByRole('img', { name: /^Speed:/ }).waitFor()
    await page.getByRole('tab', { name: 'Board' }).click()
    await tile(page, b.name, 'ticker').waitFor()
    await card(page, a.name).getByText('No VMs').waitFor()
    expect(await guest.verify(b)).toMatchObject({ bad: 0, badEver: 0 })
  })
})
