import type { HostConnection, HostFacts, HostRecord, HostView } from '../../contract/host.ts'
import { delay } from '../../base/abort.ts'
import { Emitter } from '../../base/event.ts'
import type { Disposable } from '../../base/disposable.ts'
import { Failure } from '../../base/failure.ts'
import type { Log } from '../../base/log.ts'
import { Reconnector, type ConnectionState } from '../../transport/reconnect.ts'
import type { Transport } from '../../transport/transport.ts'
import type { HostSession } from './host-session.ts'
import { LiveSession } from './live-session.ts'
import { problemOf } from '../settings/problem.ts'
import type { Prompts } from './prompts.ts'
import type { TransportFactory } from './transport-factory.ts'

/** Milliseconds between two tries of a daemon that does not answer, while the transport stands. */
const daemonRetryMs = 2_000

/** One host: keeps its transport and its libvirt session up, and says how it stands. */
export class HostLink implements Disposable {
  readonly n: number
  #record: HostRecord
  readonly #prompts: Prompts
  readonly #log: Log
  readonly #reconnector: Reconnector
  readonly #onDidChange = new Emitter<HostLink>()
  readonly #onDidChangeSession = new Emitter<HostLink>()
  readonly #onDidReach = new Emitter<HostLink>()
  #connection: HostConnection
  #facts: HostFacts | null = null
  #missing: string[] = []
  #seenAt: number | null = null
  #session: LiveSession | null = null
  #daemonLoop: AbortController | null = null
  #retryDaemon = () => {}

  /** Fires when the view changed. */
  readonly onDidChange = this.#onDidChange.event
  /** Fires when a session began or ended. */
  readonly onDidChangeSession = this.#onDidChangeSession.event
  /** Fires when the machine was reached anew, whatever its libvirt says. */
  readonly onDidReach = this.#onDidReach.event

  constructor(options: { record: HostRecord; n: number; transports: TransportFactory; prompts: Prompts; log: Log }) {
    this.n = options.n
    this.#record = options.record
    this.#prompts = options.prompts
    this.#log = options.log.child({ host: options.record.address })
    this.#connection = { state: 'connecting', step: 'Waiting', since: Date.now() }
    this.#reconnector = new Reconnector(({ signal, report }) =>
      options.transports(this.#record.address, {
        signal,
        report,
        ask: (question, questionSignal) => this.#prompts.ask(this.#record.id, question, AbortSignal.any([signal, questionSignal])),
      }),
    )
    this.#reconnector.onDidChangeState((state) => this.#onTransport(state))
  }

  get record(): HostRecord {
    return this.#record
  }

  set record(record: HostRecord) {
    this.#record = record
    this.#onDidChange.fire(this)
  }

  get session(): HostSession | null {
    return this.#session
  }

  get name(): string {
    return this.#record.label ?? this.#facts?.hostname ?? this.#record.address.replace(/^(ssh|unix|twin):\/\//, '').replace(/^$/, 'This machine')
  }

  get view(): HostView {
    const prompt = this.#prompts.current(this.#record.id)
    const connection: HostConnection = prompt ? { state: 'asking', prompt, since: this.#connection.since } : this.#awayByWish() ?? this.#connection
    return { n: this.n, record: this.#record, name: this.name, connection, facts: this.#facts, missing: this.#missing }
  }

  start(): void {
    this.#reconnector.start()
  }

  retryNow(): void {
    this.#reconnector.retryNow()
    this.#retryDaemon()
  }

  promptChanged(): void {
    this.#onDidChange.fire(this)
  }

  dispose(): void {
    this.#daemonLoop?.abort(new Failure('host-removed', 'The host was removed.'))
    this.#reconnector.dispose()
  }

  #become(connection: HostConnection): void {
    if (this.#connection.state === 'online' && connection.state !== 'online') this.#seenAt = Date.now()
    this.#connection = connection
    this.#onDidChange.fire(this)
  }

  /** Of a machine that was shut down from here, what keeps it from being reached is known. */
  #awayByWish(): HostConnection | null {
    const { shutDown } = this.#record
    if (this.#connection.state !== 'offline' || !shutDown) return null
    return { ...this.#connection, problem: { code: 'host-shut-down', message: shutDown.who === '' ? 'It was shut down from Drover.' : `It was shut down from Drover by ${shutDown.who}.`, next: 'Switch it on at its own console or management board. Drover connects when it is there.' } }
  }

  #offline(thrown: unknown, retryAt: number | null): void {
    this.#become({ state: 'offline', since: Date.now(), problem: problemOf(thrown), retryAt, seenAt: this.#seenAt })
  }

  #onTransport(state: ConnectionState): void {
    if (state.kind !== 'open') {
      this.#daemonLoop?.abort(state.kind === 'waiting' ? state.failure : new Failure('transport-closed', 'The connection to the host was closed.'))
      this.#daemonLoop = null
    }
    switch (state.kind) {
      case 'connecting':
        // A retry in the background does not wipe the reason why the host is offline from the screen.
        if (state.attempt === 1 || this.#connection.state !== 'offline') this.#become({ state: 'connecting', step: state.step ?? 'Connecting', since: Date.now() })
        return
      case 'open':
        this.#onDidReach.fire(this)
        this.#daemonLoop = new AbortController()
        void this.#keepSession(state.transport, this.#daemonLoop.signal)
        return
      case 'waiting':
        this.#log.warn({ code: state.failure.code }, 'host not reached: %s', state.failure.message)
        return this.#offline(state.failure, state.retryAt)
      case 'needs-human':
        return this.#offline(state.failure, null)
      case 'stopped':
        return
    }
  }

  /** While the transport stands: opens a session, and a new one when the daemon went away. Ends with the signal. */
  async #keepSession(transport: Transport, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      let session: LiveSession | null = null
      try {
        if (this.#connection.state !== 'offline') this.#become({ state: 'connecting', step: 'Talking to libvirt', since: Date.now() })
        session = await LiveSession.open({ host: this.#record.id, name: () => this.name, transport, log: this.#log, signal })
        this.#session = session
        this.#facts = session.facts
        this.#missing = session.missing
        this.#become({ state: 'online', since: Date.now(), route: session.route, isWritable: session.isWritable })
        this.#onDidChangeSession.fire(this)
        throw await session.whenEnded
      } catch (thrown) {
        const had = this.#session
        this.#session = null
        session?.close(thrown)
        if (had) this.#onDidChangeSession.fire(this)
        if (signal.aborted) return
        this.#offline(thrown, Date.now() + daemonRetryMs)
        await this.#pause(signal)
      }
    }
  }

  async #pause(signal: AbortSignal): Promise<void> {
    const now = new AbortController()
    this.#retryDaemon = () => now.abort()
    await delay(daemonRetryMs, AbortSignal.any([signal, now.signal])).catch(() => {})
    this.#retryDaemon = () => {}
  }
}
