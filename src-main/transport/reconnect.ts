import { Emitter } from '../base/event.ts'
import type { Disposable } from '../base/disposable.ts'
import { Failure, messageOf } from '../base/failure.ts'
import { needsHuman } from './failure-code.ts'
import type { Transport } from './transport.ts'

/** Where the connection to a host stands. `retryAt` is in milliseconds since the epoch; `attempt` counts from 1 since it was last open. */
export type ConnectionState =
  | { readonly kind: 'connecting'; readonly attempt: number; readonly step: string | null }
  | { readonly kind: 'open'; readonly transport: Transport }
  | { readonly kind: 'waiting'; readonly attempt: number; readonly retryAt: number; readonly failure: Failure }
  | { readonly kind: 'needs-human'; readonly failure: Failure }
  | { readonly kind: 'stopped' }

/** Opens one transport. `report` takes what is being done at the moment; the signal says that nobody waits any more. */
export type OpenTransport = (context: { signal: AbortSignal; report: (step: string) => void }) => Promise<Transport>

export interface Pacing {
  /** The wait after the first failure, in ms. */
  readonly firstDelayMs: number
  /** The longest wait, in ms. */
  readonly longestDelayMs: number
  /** How long a connection must have been open for its loss to be answered at once, in ms. A shorter one counts as a failed attempt. */
  readonly stableMs: number
}

const usualPacing: Pacing = { firstDelayMs: 1_000, longestDelayMs: 60_000, stableMs: 10_000 }

/**
 * Keeps one transport open: opens, and after a failure or a loss opens anew with exponential back-off and full jitter, until a failure needs a
 * human (a refused login, a changed host key, a dismissed prompt), when it rests until `retryNow`. Owns the transport that it shows as open.
 */
export class Reconnector implements Disposable {
  readonly #open: OpenTransport
  readonly #pacing: Pacing
  readonly #random: () => number
  readonly #changed = new Emitter<ConnectionState>()
  #state: ConnectionState = { kind: 'stopped' }
  #failedAttempts = 0
  #attempt: AbortController | null = null
  #timer: NodeJS.Timeout | undefined
  #subscription: Disposable | null = null
  #isDisposed = false

  readonly onDidChangeState = this.#changed.event

  constructor(open: OpenTransport, options: { pacing?: Partial<Pacing>; random?: () => number } = {}) {
    this.#open = open
    this.#pacing = { ...usualPacing, ...options.pacing }
    this.#random = options.random ?? Math.random
  }

  get state(): ConnectionState {
    return this.#state
  }

  /** The open transport, or null. */
  get transport(): Transport | null {
    return this.#state.kind === 'open' ? this.#state.transport : null
  }

  /** Begins to connect. Does nothing unless stopped. */
  start(): void {
    if (this.#state.kind === 'stopped') this.#connect()
  }

  /** Tries at once instead of waiting, also where a human was needed. Does nothing while connecting or open. */
  retryNow(): void {
    if (this.#state.kind === 'connecting' || this.#state.kind === 'open') return
    this.#connect()
  }

  /** Closes the connection and rests until `start`. */
  stop(): void {
    if (this.#state.kind === 'stopped') return
    const open = this.transport
    this.#release()
    this.#attempt?.abort(new Failure('transport-closed', 'The connection was closed.'))
    this.#attempt = null
    this.#failedAttempts = 0
    this.#become({ kind: 'stopped' })
    open?.close()
  }

  /** Resolves with the open transport, now or when it has opened. Rejects when a human is needed, when stopped, or with the signal's reason. */
  whenOpen(signal?: AbortSignal): Promise<Transport> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const finish = () => {
        subscription.dispose()
        signal?.removeEventListener('abort', onAbort)
      }
      const onAbort = () => {
        finish()
        reject(signal?.reason)
      }
      const look = (state: ConnectionState): void => {
        if (state.kind === 'open') resolve(state.transport)
        else if (state.kind === 'needs-human') reject(state.failure)
        else if (state.kind === 'stopped') reject(new Failure('transport-closed', 'The connection is not being kept open.'))
        else return
        finish()
      }
      const subscription = this.#changed.event(look)
      signal?.addEventListener('abort', onAbort, { once: true })
      look(this.#state)
    })
  }

  dispose(): void {
    if (this.#isDisposed) return
    this.stop()
    this.#isDisposed = true
    this.#changed.dispose()
  }

  #connect(): void {
    if (this.#isDisposed) return
    this.#release()
    const attempt = (this.#attempt = new AbortController())
    const number = this.#failedAttempts + 1
    this.#become({ kind: 'connecting', attempt: number, step: null })
    const report = (step: string) => {
      if (this.#attempt === attempt) this.#become({ kind: 'connecting', attempt: number, step })
    }
    // An opener that throws instead of rejecting is no different.
    void Promise.resolve()
      .then(() => this.#open({ signal: attempt.signal, report }))
      .then(
        (transport) => {
          if (this.#attempt !== attempt) return transport.close()
          this.#attempt = null
          this.#opened(transport)
        },
        (thrown: unknown) => {
          if (this.#attempt !== attempt) return
          this.#attempt = null
          this.#failed(thrown)
        },
      )
  }

  #opened(transport: Transport): void {
    const since = Date.now()
    const lost = (failure: Error | null) => {
      this.#release()
      if (Date.now() - since >= this.#pacing.stableMs) {
        this.#failedAttempts = 0
        this.#connect()
      } else this.#failed(failure ?? new Failure('transport-closed', 'The connection was closed.'))
    }
    if (transport.state.kind === 'closed') return lost(transport.state.failure)
    this.#subscription = transport.onDidChangeState((state) => {
      if (state.kind === 'closed') lost(state.failure)
    })
    this.#become({ kind: 'open', transport })
  }

  #failed(thrown: unknown): void {
    const failure = thrown instanceof Failure ? thrown : new Failure('host-unreachable', messageOf(thrown), { cause: thrown })
    if (needsHuman(failure)) return this.#become({ kind: 'needs-human', failure })
    const attempt = ++this.#failedAttempts
    const ceiling = Math.min(this.#pacing.longestDelayMs, this.#pacing.firstDelayMs * 2 ** Math.min(attempt - 1, 30))
    // Half fixed and half drawn: hosts that were lost together come back apart, yet none hammers.
    const wait = Math.round(ceiling / 2 + (this.#random() * ceiling) / 2)
    this.#timer = setTimeout(() => this.#connect(), wait)
    this.#become({ kind: 'waiting', attempt, retryAt: Date.now() + wait, failure })
  }

  #release(): void {
    clearTimeout(this.#timer)
    this.#subscription?.dispose()
    this.#subscription = null
  }

  #become(state: ConnectionState): void {
    this.#state = state
    this.#changed.fire(state)
  }
}
