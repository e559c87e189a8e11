import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Emitter, type Event } from '../../src-main/base/event.ts'
import { within } from '../../src-main/base/abort.ts'
import { compiled } from './guest-image.ts'
import type { LabGuest } from './guest.ts'
import type { LabHost } from './host.ts'
import { TickStream, type WatchReport } from './tick-stream.ts'

/**
 * Watches a guest from outside, on all the hosts that it may be on: under TCG its own clock stands still while it moves, so what it went without
 * is measured by the arrival of its ticks, by a program of real-time priority that stamps each piece of the serial logs.
 */
export class GuestWatch {
  readonly #child: ChildProcess
  readonly #stream: TickStream
  readonly #onDidTick = new Emitter<number>()
  #bytes: Buffer = Buffer.alloc(0)
  #isFollowing = false

  /** Fires with the host's index when ticks came. */
  readonly onDidTick: Event<number> = this.#onDidTick.event

  private constructor(child: ChildProcess, hosts: number) {
    this.#child = child
    this.#stream = new TickStream(hosts)
  }

  /** Begins to watch; resolves when nothing can be missed any more. The caller stops it. */
  static async start(guest: LabGuest, hosts: readonly LabHost[]): Promise<GuestWatch> {
    const program = await compiled(join(import.meta.dirname, 'native/lab-tail.c'))
    const paths = hosts.map((host) => guest.logPath(host))
    for (const path of paths) mkdirSync(dirname(path), { recursive: true })
    const child = spawn(program, paths, { stdio: ['pipe', 'pipe', 'inherit'] })
    child.stdin.on('error', () => {})
    const watch = new GuestWatch(child, hosts.length)
    const following = new Promise<void>((resolve, reject) => {
      child.once('error', reject)
      child.once('exit', () => reject(new Error('lab-tail ended')))
      child.stdout.on('data', (piece: Buffer) => {
        watch.#take(piece)
        if (watch.#isFollowing) resolve()
      })
    })
    await within(10_000, 'The start of the watch', following)
    return watch
  }

  /** The report so far. */
  get report(): WatchReport {
    return this.#stream.report()
  }

  /** Resolves once `ticks` more ticks have come from the host, and so the guest runs there. */
  async ticks(host: number, ticks = 5, deadlineMs = 30_000): Promise<void> {
    let missing = ticks
    let stop = () => {}
    const came = new Promise<void>((resolve) => {
      const subscription = this.onDidTick((from) => {
        if (from === host && --missing <= 0) resolve()
      })
      stop = () => subscription.dispose()
    })
    try {
      await within(deadlineMs, `${ticks} ticks from host ${host}`, came)
    } finally {
      stop()
    }
  }

  async stop(): Promise<WatchReport> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const ended = once(this.#child, 'close')
      this.#child.stdin?.end()
      await ended
    }
    this.#onDidTick.dispose()
    return this.report
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  #take(piece: Buffer): void {
    this.#bytes = this.#bytes.length ? Buffer.concat([this.#bytes, piece]) : piece
    for (;;) {
      const end = this.#bytes.indexOf(10)
      if (end < 0) return
      const [ns = '0', host = '0', length = '0'] = this.#bytes.subarray(0, end).toString('latin1').split(' ')
      const next = end + 1 + Number(length)
      if (this.#bytes.length < next) return
      const before = this.#stream.ticks
      this.#isFollowing = true
      this.#stream.add(Number(BigInt(ns) / 1000n) / 1000, Number(host), this.#bytes.subarray(end + 1, next).toString('latin1'))
      this.#bytes = this.#bytes.subarray(next)
      for (let each = before; each < this.#stream.ticks; each++) this.#onDidTick.fire(Number(host))
    }
  }
}
