import { chromium, type Browser, type Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { LabGuest } from '../lab/guest.ts'
import { Lab } from '../lab/lab.ts'
import { startCommand } from './command-process.ts'
import { startServe, type DroverProcess } from './drover-process.ts'
import { closeDisplay, startElectron, whyNoElectron, type ElectronProcess } from './electron-process.ts'
import { card, confirmMove, connectHost, dragOnto, makeHome, tile } from './lab-journey.ts'

// Everything that can hold or use a profile, at once: one owner, and the same truth everywhere.

let lab: Lab
let guest: LabGuest
let home: ReturnType<typeof makeHome>
let serves: DroverProcess[] = []
let browser: Browser
let electron: ElectronProcess | null = null
let pages: Page[] = []
const [a, b] = [() => lab.host(0), () => lab.host(1)] as const

beforeAll(async () => {
  lab = await Lab.up({ hosts: [{ hasNode: true }, { hasNode: true }] })
  guest = new LabGuest(lab, { name: 'ticker', patternMiB: 24 })
  await guest.start(a())
  home = makeHome(lab)
  const env = { HOME: home.home }
  browser = await chromium.launch({ executablePath: process.env['DROVER_TEST_CHROMIUM'] ?? '/usr/bin/chromium', args: ['--no-sandbox'] })
  const open = async (serve: DroverProcess) => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce' })
    context.setDefaultTimeout(60_000)
    const page = await context.newPage()
    await page.goto(await serve.url())
    return page
  }
  // The first is the owner; two of its pages, one of the second serve, and a window of Electron where there is one.
  serves = [await startServe(['--profile', home.profile], env), await startServe(['--profile', home.profile], env)]
  pages = [await open(serves[0]!), await open(serves[0]!), await open(serves[1]!)]
  if (whyNoElectron === null) {
    electron = await startElectron([`--profile=${home.profile}`], env)
    electron.page.setDefaultTimeout(60_000)
    pages.push(electron.page)
  }
}, 240_000)

afterAll(async () => {
  await browser?.close()
  await electron?.end('SIGKILL')
  await closeDisplay()
  await Promise.all(serves.map((serve) => serve.end('SIGKILL')))
  home?.remove()
  await lab?.down()
})

const drover = async (...words: string[]) => startCommand(['--profile', home.profile, ...words], { HOME: home.home }).said
const everywhere = (look: (page: Page) => Promise<unknown>) => Promise.all(pages.map(look))

test('what one connects, all show', async () => {
  await connectHost(pages[2]!, a().name)
  await connectHost(pages[0]!, b().name)
  await everywhere((page) => tile(page, a().name, 'ticker').waitFor())
  await everywhere((page) => card(page, b().name).getByText('No VMs').waitFor())
  expect(JSON.parse((await drover('--json', 'vms')).out)).toEqual([expect.objectContaining({ name: 'ticker', host: a().name })])
})

test('a move of the command line is seen going on and arriving in every window', async () => {
  await b().shapeLink({ rate: '60mbit' })
  const move = startCommand(['--profile', home.profile, 'move', 'ticker', b().name, '--yes'], { HOME: home.home })
  await everywhere((page) => page.getByText('1 move running').first().waitFor())
  await b().shapeLink({})
  expect(await move.said).toMatchObject({ code: 0 })
  await everywhere((page) => tile(page, b().name, 'ticker').waitFor())
  await everywhere((page) => card(page, a().name).getByText('No VMs').waitFor())
})

test('two begin to move the same VM: one move is made, and the other is told', async () => {
  await a().shapeLink({ rate: '60mbit' })
  await dragOnto(pages.at(-1)!, b().name, 'ticker', a().name)
  await confirmMove(pages.at(-1)!, 'ticker')
  await pages[0]!.getByText('1 move running').first().waitFor()
  const { code, err } = await drover('move', 'ticker', a().name, '--yes')
  expect(err).toContain('already being moved')
  expect(code).toBe(3)
  await a().shapeLink({})
  await everywhere((page) => tile(page, a().name, 'ticker').waitFor())
  expect(await guest.verify(a())).toMatchObject({ bad: 0, badEver: 0 })
})

test('the owner is killed in mid-move: another takes over, the move ends, and all say so', async () => {
  await b().shapeLink({ rate: '40mbit' })
  await dragOnto(pages[2]!, a().name, 'ticker', b().name)
  await confirmMove(pages[2]!, 'ticker')
  await pages[2]!.getByText('Copying memory').first().waitFor()
  await serves[0]!.end('SIGKILL')
  pages = pages.slice(2)
  await b().shapeLink({})
  await everywhere((page) => tile(page, b().name, 'ticker').waitFor())
  await everywhere((page) => page.getByText(/^Moved$/).first().waitFor())
  expect(await guest.verify(b())).toMatchObject({ bad: 0, badEver: 0 })
  expect(JSON.parse((await drover('--json', 'vms')).out)).toEqual([expect.objectContaining({ name: 'ticker', host: b().name })])
})
