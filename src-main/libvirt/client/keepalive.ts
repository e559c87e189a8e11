import { Failure } from '../../base/failure.ts'
import { encodeKeepalive } from '../wire/keepalive.ts'
import type { Link } from './link.ts'

/** `intervalMs` without a byte from the daemon brings a ping, `count` of them in a row unanswered end the connection. */
export interface KeepaliveOptions {
  readonly intervalMs: number
  readonly count: number
}

/** libvirt's own defaults. */
export const defaultKeepalive: KeepaliveOptions = { intervalMs: 5000, count: 5 }

const ping = encodeKeepalive('ping')

/** Pings a daemon that has gone quiet (virKeepAlive). Start it only where the daemon knows the program. */
export class Keepalive {
  readonly #link: Link
  readonly #options: KeepaliveOptions
  readonly #timer: NodeJS.Timeout
  #seen = 0
  #misses = 0

  constructor(link: Link, options: KeepaliveOptions) {
    this.#link = link
    this.#options = options
    this.#seen = link.received
    this.#timer = setInterval(() => this.#tick(), options.intervalMs)
    this.#timer.unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  #tick(): void {
    if (this.#link.received !== this.#seen) {
      this.#seen = this.#link.received
      this.#misses = 0
      return
    }
    // While we do not read we cannot see answers; our pings still tell the daemon that we live.
    if (!this.#link.isPaused && this.#misses >= this.#options.count) {
      const seconds = (this.#misses * this.#options.intervalMs) / 1000
      return this.#link.lose(
        new Failure('connection-lost', `The libvirt daemon has not answered for ${seconds} s.`, {
          evidence: `${this.#misses} keepalive pings unanswered`,
        }),
      )
    }
    if (!this.#link.isPaused) this.#misses++
    this.#link.write(ping)
  }
}
