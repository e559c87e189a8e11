import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { LabGuest } from '../lab/guest.ts'
import { Lab } from '../lab/lab.ts'
import { closeDisplay, startElectron, whyNoElectron, type ElectronProcess } from './electron-process.ts'
import { allWhole, bringBack, evacuate, guestsOnFirst } from './evacuation-journey.ts'
import { connectHost, makeHome } from './lab-journey.ts'

describe.skipIf(whyNoElectron !== null)(`evacuation from the window of Electron${whyNoElectron ? ` (${whyNoElectron})` : ''}`, () => {
  let lab: Lab
  let guests: LabGuest[]
  let home: ReturnType<typeof makeHome>
  let window: ElectronProcess

  beforeAll(async () => {
    lab = await Lab.up({ hosts: [{}, {}, {}] })
    guests = await guestsOnFirst(lab, 4)
    home = makeHome(lab)
    window = await startElectron([`--profile=${home.profile}`], { HOME: home.home })
    window.page.setDefaultTimeout(300_000)
  })
  afterAll(async () => {
    await window?.end('SIGKILL')
    await closeDisplay()
    home?.remove()
    await lab?.down()
  })

  test('a host is emptied to two others, and its VMs come back whole', async () => {
    const { page } = window
    for (const host of lab.hosts) await connectHost(page, host.name)
    const { name } = lab.host(0)
    await evacuate(page, name, 'New memory', 4)
    expect((await lab.host(0).virsh(['list', '--all', '--name'])).trim()).toBe('')
    expect((await allWhole(lab, guests)).map((host) => host.name)).not.toContain(name)
    await bringBack(page, name, 4)
    expect((await allWhole(lab, guests)).map((host) => host.name)).toEqual(guests.map(() => name))
  })
})
