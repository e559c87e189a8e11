import { spawn, type ChildProcess } from 'node:child_process'
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
 * first tile has answered a click, the lab being open; median of five. Words: `--soak` goes on for ten minutes and prints the heap each minute.
 */
const bench: Bench = async (words, signal) => {
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
    const session = await page.context().newCDPSession(page)
    await session.send('Performance.enable')
    await sleep(5000, undefined, { signal })
    await server.say('cpu')
    const still = await measured(page, session, () => sleep(measureMs, undefined, { signal }))
    const { cores } = await server.say('cpu')
    console.log(`still: ${JSON.stringify(still)}; server and twin: ${rounded(Number(cores), 3)} cores`)
    const dragging = await measured(page, session, () => drag(page, measureMs))
    console.log(`dragging: ${JSON.stringify(dragging)}; server and twin: ${rounded(Number((await server.say('cpu'))['cores']), 3)} cores`)
    const heap = await heapOf(session)
    const soak: number[] = []
    for (let minute = 1; words.includes('--soak') && minute <= 10; minute++) {
      await sleep(60_000, undefined, { signal })
      soak.push(await heapOf(session))
      console.log(`minute ${minute}: ${soak.at(-1)} MB`)
    }
    return {
      interactive_ms: Math.round(median(interactive)),
      frame_p95_ms: still.frameP95,
      busy: still.busy,
      drag_p95_ms: dragging.frameP95,
      heap_mb: heap,
      server_cores: rounded(Number(cores), 3),
      ...(soak.length > 0 ? { soak_heap_mb: soak } : {}),
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
  readonly frameP95: number
  /** Task time over wall time. */
  readonly busy: number
}

async function measured(page: Page, session: CDPSession, act: () => Promise<unknown>): Promise<Measured> {
  const taskSeconds = async () => (await session.send('Performance.getMetrics')).metrics.find(({ name }) => name === 'TaskDuration')?.value ?? 0
  await page.evaluate(() => {
    const frames: number[] = []
    Object.assign(window, { droverFrames: frames })
    let last = performance.now()
    const next = (now: number) => {
      frames.push(now - last)
      last = now
      requestAnimationFrame(next)
    }
    requestAnimationFrame(next)
  })
  const [from, at] = [await taskSeconds(), performance.now()]
  await act()
  const busy = ((await taskSeconds()) - from) / ((performance.now() - at) / 1000)
  const frames = await page.evaluate(() => (window as unknown as { droverFrames: number[] }).droverFrames)
  const sorted = frames.slice(1).sort((a, b) => a - b)
  return { frameP95: rounded(sorted[Math.floor(sorted.length * 0.95)] ?? Number.NaN, 3), busy: rounded(busy, 3) }
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
  await page.keyboard.press('Escape')
  await page.mouse.up()
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
