import { execFile } from 'node:child_process'
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { LabGuest } from '../lab/guest.ts'
import { Lab } from '../lab/lab.ts'
import { DesktopSession, whyNoDesktop } from './desktop-session.ts'
import { closeDisplay, openDisplay, startElectron, whyNoElectron, type ElectronProcess } from './electron-process.ts'
import { card, confirmMove, connectHost, dragOnto, makeHome, tile } from './lab-journey.ts'

// What the desktop around the window sees: the question before quitting, notifications, and what is kept in the keyring.

const run = promisify(execFile)
const passphrase = 'of one thousand cattle'
const why = whyNoElectron ?? whyNoDesktop

describe.skipIf(why !== null)(`Electron on a desktop${why ? ` (${why})` : ''}`, () => {
  let lab: Lab
  let guest: LabGuest
  let session: DesktopSession
  let display: string
  let home: ReturnType<typeof makeHome>
  let window: ElectronProcess
  const [a, b] = [() => lab.host(0), () => lab.host(1)] as const

  beforeAll(async () => {
    lab = await Lab.up({ hosts: [{ hasNode: true }, { hasNode: true }] })
    guest = new LabGuest(lab, { name: 'ticker', patternMiB: 24 })
    await guest.start(a())
    display = (await openDisplay()).name
    session = await DesktopSession.open(display)
  }, 240_000)

  afterEach(async () => {
    await window?.end('SIGKILL')
    home?.remove()
  })
  afterAll(async () => {
    session?.close()
    await closeDisplay()
    await lab?.down()
  })

  async function open(switches: readonly string[] = []): Promise<void> {
    window = await startElectron([`--profile=${home.profile}`], { HOME: home.home, ...session.env }, switches)
    window.page.setDefaultTimeout(60_000)
  }

  /** A key of its own that opens with the passphrase only, in place of the lab's. */
  async function lockKey(): Promise<void> {
    const locked = join(home.home, '.ssh/locked')
    copyFileSync(lab.ssh.identityFile, locked)
    await run('ssh-keygen', ['-q', '-p', '-P', '', '-N', passphrase, '-f', locked])
    const config = join(home.home, '.ssh/config')
    writeFileSync(config, readFileSync(config, 'utf8').replace(lab.ssh.identityFile, locked))
  }

  test.each([
    ['the keyring', 'gnome-libsecret', 'In this system’s keyring.'],
    ['a file, where the system has no keyring,', 'basic', 'This system has no keyring: it would be readable on disk.'],
  ])('a passphrase is kept in %s: it is said where, and the next start does not ask', async (_, store, said) => {
    home = makeHome(lab)
    await lockKey()
    const switches = [`--password-store=${store}`]
    await open(switches)
    const { page } = window
    await page.getByRole('heading', { name: 'Move running VMs between your hosts' }).waitFor()
    await page.getByPlaceholder('user@host, or search ~/.ssh/config').last().fill(a().name)
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: 'Trust and connect' }).click()
    await page.getByRole('textbox', { name: 'Passphrase' }).fill(passphrase)
    await page.getByText(said).waitFor()
    await page.getByRole('checkbox', { name: 'Keep it for the next time' }).click()
    await page.getByRole('button', { name: 'Unlock' }).click()
    await tile(page, a().name, 'ticker').waitFor()
    await window.end('SIGTERM')
    const kept = readFileSync(join(home.profile, 'secrets.json'), 'utf8')
    expect(kept).not.toContain(passphrase)
    await open(switches)
    await tile(window.page, a().name, 'ticker').waitFor()
    await window.end('SIGTERM')
    // A keyring of somebody else does not open it: it is asked for again, and nothing breaks.
    if (store === 'basic') return
    await open(['--password-store=basic'])
    await window.page.getByRole('textbox', { name: 'Passphrase' }).waitFor()
  })

  test('quitting with a move under way asks; kept open it goes on, told to quit the agent takes it to its end; the desktop is told of ends', async () => {
    home = makeHome(lab)
    await open()
    const { page } = window
    await connectHost(page, a().name)
    await connectHost(page, b().name)
    await dragOnto(page, a().name, 'ticker', b().name)
    await confirmMove(page, 'ticker')
    const own = await tool('getactivewindow')
    // Only a user who is not looking is told.
    await tool('windowminimize', own)
    expect(await session.notification(`ticker is on ${b().name}`)).toMatch(new RegExp(`Moved from ${a().name} in \\d+ s\\.`))

    await tool('windowactivate', '--sync', own)
    await a().shapeLink({ rate: '10mbit' })
    await tile(page, b().name, 'ticker').waitFor()
    await dragOnto(page, b().name, 'ticker', a().name)
    await confirmMove(page, 'ticker')
    await page.getByText('Copying memory').first().waitFor()
    const question = await closeAndAsk(own)
    await press(question, 'Escape')
    await gone(question)
    expect(window.child.exitCode).toBeNull()
    await card(page, a().name).waitFor()
    const again = await closeAndAsk(own)
    await press(again, 'Right', 'Return')
    expect(await window.ended).toBe(0)
    await a().shapeLink({})
    await expect.poll(() => guest.isRunning(a()).catch(() => false), { timeout: 60_000 }).toBe(true)
    expect(await guest.verify(a())).toMatchObject({ bad: 0, badEver: 0 })
  })

  const tool = async (...words: string[]) => (await run('xdotool', words, { env: { ...process.env, DISPLAY: display } })).stdout.trim()

  /** Closes the window as its button would, and resolves with the native question's X window. */
  async function closeAndAsk(own: string): Promise<string> {
    await tool('key', 'alt+F4')
    let question = ''
    // It is transient for the window, and takes the focus from it; its title is the desktop's.
    await expect.poll(async () => (question = await tool('getactivewindow')), { timeout: 20_000 }).not.toBe(own)
    return question
  }

  async function press(dialog: string, ...keys: string[]): Promise<void> {
    await tool('windowactivate', '--sync', dialog)
    for (const key of keys) await tool('key', key)
  }

  const gone = (dialog: string) => expect.poll(() => tool('getwindowname', dialog).then(() => false, () => true), { timeout: 20_000 }).toBe(true)
})
