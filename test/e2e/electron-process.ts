import { spawn, type ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import { chromium, type Browser, type Page } from 'playwright-core'
import { root } from './drover-process.ts'

/** Why no window can be tested here; null when it can. The executable comes from DROVER_TEST_ELECTRON, words for it from DROVER_TEST_ELECTRON_ARGS. */
export const whyNoElectron = process.env['DROVER_TEST_ELECTRON'] ? null : 'DROVER_TEST_ELECTRON names no Electron'

/** The built app in a real window. Whoever starts it ends it. */
export interface ElectronProcess {
  readonly child: ChildProcess
  readonly page: Page
  /** What it has written to stderr. */
  said(): string
  /** Resolves with the exit code, or the signal, when it has ended. */
  readonly ended: Promise<number | NodeJS.Signals | null>
  end(signal?: NodeJS.Signals): Promise<number | NodeJS.Signals | null>
}

interface Display {
  readonly name: string
  close(): void
}

let shared: Promise<Display> | undefined

/** The display of this machine, or a virtual one for as long as this test process lives. */
export function openDisplay(): Promise<Display> {
  const own = process.env['DISPLAY']
  shared ??= own
    ? Promise.resolve({ name: own, close() {} })
    : new Promise((resolve, reject) => {
        const server = spawn('Xvfb', ['-displayfd', '1', '-screen', '0', '1600x1000x24', '-nolisten', 'tcp'], { stdio: ['ignore', 'pipe', 'ignore'] })
        server.once('error', reject)
        createInterface({ input: server.stdout }).once('line', (line) => resolve({ name: `:${line.trim()}`, close: () => server.kill() }))
      })
  return shared
}

/** Ends the virtual display; for afterAll. */
export async function closeDisplay(): Promise<void> {
  const display = await shared
  shared = undefined
  display?.close()
}

/** A second start with the same profile hands over and ends: `child` alone, without waiting for a window. `switches` are Chromium's. */
export async function spawnElectron(words: readonly string[], env: Record<string, string> = {}, switches: readonly string[] = []): Promise<ChildProcess> {
  const display = await openDisplay()
  const given = process.env['DROVER_TEST_ELECTRON_ARGS']?.split(' ').filter(Boolean) ?? []
  return spawn(process.env['DROVER_TEST_ELECTRON'] ?? '', ['--remote-debugging-port=0', ...given, ...switches, root, ...words], {
    env: { ...process.env, DISPLAY: display.name, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
}

/** Resolves when DevTools lists the loaded page: a client that connects before waits for ever. There is no event to hear without connecting. */
async function pageListed(port: string): Promise<void> {
  for (;;) {
    const targets = (await (await fetch(`http://127.0.0.1:${port}/json/list`)).json()) as { type: string; url: string; title: string }[]
    if (targets.some(({ type, url, title }) => type === 'page' && url.startsWith('drover://app/') && title !== '' && title !== url)) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

export async function startElectron(words: readonly string[], env: Record<string, string> = {}, switches: readonly string[] = []): Promise<ElectronProcess> {
  const child = await spawnElectron(words, env, switches)
  let said = ''
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) => child.once('exit', (code, signal) => resolve(code ?? signal)))
  const endpoint = await new Promise<string>((resolve, reject) => {
    child.stderr!.on('data', (chunk) => {
      said += String(chunk)
      const found = /DevTools listening on (ws:\S+)/.exec(said)?.[1]
      if (found) resolve(found)
    })
    void ended.then((code) => reject(new Error(`Electron ended with ${code}: ${said.slice(-2000)}`)))
  })
  await pageListed(new URL(endpoint).port)
  const browser: Browser = await chromium.connectOverCDP(endpoint)
  const context = browser.contexts()[0]!
  const page = context.pages()[0] ?? (await context.waitForEvent('page'))
  return {
    child,
    page,
    said: () => said,
    ended,
    async end(signal = 'SIGTERM') {
      child.kill(signal)
      const outcome = await ended
      await browser.close()
      return outcome
    },
  }
}
