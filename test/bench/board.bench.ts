import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { chromium, type CDPSession, type Page } from 'playwright-core'
import type { Bench } from './run.ts'
import { median, rounded } from './statistics.ts'

const measureMs = 15_000
const moves = 50

/**
 * The lab "Big" (64 hosts, 2,000 VMs, 1 Hz, 50 moves) on a board of 1280 × 800 in Chromium, with twin and server on the same machine. `interactive_ms`: from navigation until the
 * first tile has answered a click, the lab being open; median of five. Words: `--soak`, or `--soak=MINUTES`, goes on for ten minutes and prints each.
 */
const bench: Bench = async (words, signal) => {
  // Whatever the machine has, server, twin and browser share two of its cores; children inherit that.
  if (availableParallelism() > 2) execFileSync('taskset', ['-a', '-p', '-c', '0,1', String(process.pid)])
  const server = await Server.start()
  const browser = await chromium.launch({ executablePath: process.env['DROVER_TEST_CHROMIUM'] ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] })
  try {
    const page = await (await browser.newContext({ viewport: { width: 1280, height: 800 } })).newPage()
    page.setDefaultTimeout(60_000)
    await page.goto(server.url)
    await page.getByRole('button', { name: 'Open the demo lab' }).click()
    await page.getByRole('button', { name: /^Big/ }).click()
    await page.locator('.tile').first().waitFor()
    const interactive: number[] = []
    for (let i = 0; i < 5; i++) interactive.push(await untilClicked(page))
    console.log(`interactive: ${interactive.map((ms) => Math.round(ms)).join(', ')} ms`)

    await server.say('moves', String(moves))
    await page.getByText(`${moves} moves running`).first().waitFor()
    const session = await page.context().newCDPSession(page)
    await session.send('Performance.enable')
    await sleep(5000, undefined, { signal })
    const meter = new Meter(page, session, server, await browser.newBrowserCDPSession())
    const still = await meter.measured(() => sleep(measureMs, undefined, { signal }))
    console.log(`still: ${JSON.stringify(still)}`)
    const dragging = await meter.measured(() => drag(page, measureMs))
    console.log(`dragging: ${JSON.stringify(dragging)}`)
    const heap = await heapOf(session)
    const soak: (Measured & { heap_mb: number })[] = []
    const asked = words.find((word) => word.startsWith('--soak'))
    const minutes = asked === undefined ? 0 : Number(asked.split('=')[1] ?? 10)
    for (let minute = 1; minute <= minutes; minute++) {
      const figures = await meter.measured(() => sleep(60_000, undefined, { signal }))
      soak.push({ ...figures, heap_mb: await heapOf(session) })
      console.log(`minute ${minute}: ${JSON.stringify(soak.at(-1))}`)
    }
    return {
      interactive_ms: Math.round(median(interactive)),
      frame_p95_ms: still.frame_p95_ms,
      busy: still.busy,
      drag_p95_ms: dragging.frame_p95_ms,
      drag_busy: dragging.busy,
      heap_mb: heap,
      server_cores: still.server_cores,
      browser_cores: still.browser_cores,
      ...(soak.length > 0 ? { soak } : {}),
    }
  } finally {
    await browser.close()
    server.end()
  }
}

export default bench

/** Milliseconds from a navigation until a tile that was clicked is selected. The page itself keeps the time. */
async function untilClicked(page: Page): Promise<number> {
  await page.reload({ waitUntil: 'commit' })
  return page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        const look = () => {
          const tile = document.querySelector<HTMLElement>('.tile')
          if (tile?.getAttribute('aria-selected') === 'true') return resolve(performance.now())
          if (tile) for (const kind of ['pointerdown', 'mousedown', 'pointerup', 'mouseup', 'click']) tile.dispatchEvent(new MouseEvent(kind, { bubbles: true, cancelable: true }))
          requestAnimationFrame(look)
        }
        look()
      }),
  )
}

interface Measured {
  readonly frame_p95_ms: number
  /** The page's main thread: task time over wall time. */
  readonly busy: number
  /** CPU time over wall time: of the process with server and twin, and of all processes of Chromium. */
  readonly server_cores: number
  readonly browser_cores: number
}

class Meter {
  readonly #page: Page
  readonly #session: CDPSession
  readonly #server: Server
  readonly #browser: CDPSession

  constructor(page: Page, session: CDPSession, server: Server, browser: CDPSession) {
    this.#page = page
    this.#session = session
    this.#server = server
    this.#browser = browser
  }

  async measured(act: () => Promise<unknown>): Promise<Measured> {
    await this.#server.say('cpu')
    await this.#page.evaluate(() => {
      const of = window as unknown as { droverFrames: number[]; droverRequest?: number }
      const frames: number[] = []
      of.droverFrames = frames
      if (of.droverRequest !== undefined) cancelAnimationFrame(of.droverRequest)
      let last = performance.now()
      const next = (now: number) => {
        frames.push(now - last)
        last = now
        of.droverRequest = requestAnimationFrame(next)
      }
      of.droverRequest = requestAnimationFrame(next)
    })
    const [tasks, cpu, at] = [await this.#taskSeconds(), await this.#browserSeconds(), performance.now()]
    await act()
    const seconds = (performance.now() - at) / 1000
    const busy = ((await this.#taskSeconds()) - tasks) / seconds
    const browserCores = ((await this.#browserSeconds()) - cpu) / seconds
    const { cores } = await this.#server.say('cpu')
    const frames = await this.#page.evaluate(() => (window as unknown as { droverFrames: number[] }).droverFrames)
    const sorted = frames.slice(1).sort((a, b) => a - b)
    return {
      frame_p95_ms: rounded(sorted[Math.floor(sorted.length * 0.95)] ?? Number.NaN, 3),
      busy: rounded(busy, 3),
      server_cores: rounded(Number(cores), 3),
      browser_cores: rounded(browserCores, 3),
    }
  }

  async #taskSeconds(): Promise<number> {
    return (await this.#session.send('Performance.getMetrics')).metrics.find(({ name }) => name === 'TaskDuration')?.value ?? Number.NaN
  }

  async #browserSeconds(): Promise<number> {
    const { processInfo } = await this.#browser.send('SystemInfo.getProcessInfo')
    return processInfo.reduce((sum, { cpuTime }) => sum + cpuTime, 0)
  }
}

/** A tile taken up and carried to and fro over the board. */
async function drag(page: Page, milliseconds: number): Promise<void> {
  const box = await page.locator('.tile').first().boundingBox()
  if (!box) throw new Error('there is no tile')
  await page.mouse.move(box.x + 8, box.y + 8)
  await page.mouse.down()
  const until = performance.now() + milliseconds
  for (let i = 0; performance.now() < until; i++) {
    await page.mouse.move(700 + 350 * Math.sin(i / 9), 350 + 200 * Math.cos(i / 7))
    await sleep(16)
  }
  const verdicts = await page.locator('.card[data-verdict]').count()
  await page.keyboard.press('Escape')
  await page.mouse.up()
  if (verdicts < 2) throw new Error('the tile was carried and no host gave a verdict: this was no drag')
}

/** Megabytes of the page's heap after a collection. */
async function heapOf(session: CDPSession): Promise<number> {
  await session.send('HeapProfiler.collectGarbage')
  const { metrics } = await session.send('Performance.getMetrics')
  return Math.round((metrics.find(({ name }) => name === 'JSHeapUsedSize')?.value ?? Number.NaN) / 1e6)
}

/** The server's process: a line is said, a line is answered. */
class Server {
  readonly url: string
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<string>

  private constructor(child: ChildProcess, lines: AsyncIterator<string>, url: string) {
    this.#child = child
    this.#lines = lines
    this.url = url
  }

  static async start(): Promise<Server> {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'board-server.ts')], { stdio: ['pipe', 'pipe', 'inherit'] })
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
    const first = await lines.next()
    if (first.done) throw new Error('the server ended before it had a page')
    const { url, vms } = JSON.parse(first.value) as { url: string; vms: number }
    console.log(`${vms} VMs run`)
    return new Server(child, lines, url)
  }

  async say(...words: string[]): Promise<Record<string, unknown>> {
    this.#child.stdin?.write(`${words.join(' ')}\n`)
    const answer = await this.#lines.next()
    if (answer.done) throw new Error('the server ended')
    return JSON.parse(answer.value) as Record<string, unknown>
  }

  end(): void {
    this.#child.stdin?.write('end\n')
  }
}
