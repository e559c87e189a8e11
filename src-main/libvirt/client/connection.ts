import type { Duplex } from 'node:stream'
import { Emitter, type Event } from '../../base/event.ts'
import { Failure, messageOf } from '../../base/failure.ts'
import type { Log } from '../../base/log.ts'
import { decodeValue, encodeValue, type Codec } from '../wire/codec.ts'
import { connectFlags, driverFeatures, type DriverFeature } from '../wire/constants/connect.ts'
import { encodeFrame, type Frame } from '../wire/frame.ts'
import { encodeKeepalive, keepaliveKind, keepaliveProgram } from '../wire/keepalive.ts'
import { remoteError } from '../wire/objects.ts'
import {
  procedures,
  type ArgsOf,
  type PlainProcedureName,
  type ProcedureName,
  type ResultOf,
  type StreamProcedureName,
} from '../wire/procedures.ts'
import { programs, programVersion, type Procedure } from '../wire/procedures/procedure.ts'
import { protocolFailure } from '../wire/reader.ts'
import { authenticate } from './authenticate.ts'
import { Calls, type PendingCall } from './calls.ts'
import { ConnectionEvents } from './events.ts'
import { defaultKeepalive, Keepalive, type KeepaliveOptions } from './keepalive.ts'
import { LibvirtError } from './libvirt-error.ts'
import { Link } from './link.ts'
import { LibvirtStream, StreamTable } from './stream.ts'

export interface ConnectionOptions {
  /** Default `qemu:///system`. */
  readonly uri?: string
  /** Asks for libvirt's read-only access; the stream must then lead to a socket that gives at least that. */
  readonly readOnly?: boolean
  /** Names of calls and their times at level debug; never arguments. */
  readonly log?: Log
  /** null sends no pings of our own; the daemon's are always answered. */
  readonly keepalive?: KeepaliveOptions | null
  /** For every call that names none. Default 30 s. */
  readonly callDeadlineMs?: number
  /** Of opening only. */
  readonly signal?: AbortSignal
  /** Stream data read from the daemon but not yet by the program, over all streams; beyond it the connection is not read. Default 4 MiB. */
  readonly maxUnreadBytes?: number
}

export interface CallOptions {
  /** Milliseconds from now, waiting in the queue included; null waits as long as the connection lasts. */
  readonly deadlineMs?: number | null
  readonly signal?: AbortSignal
}

/** Arguments may be left out where the call has none. */
export type CallParameters<N extends ProcedureName> =
  ArgsOf<N> extends void ? [args?: undefined, options?: CallOptions] : [args: ArgsOf<N>, options?: CallOptions]

export type ConnectionState = { readonly kind: 'open' } | { readonly kind: 'closed' } | { readonly kind: 'lost'; readonly reason: Failure }

/**
 * One connection to a libvirt daemon, typed from the table of procedures.
 *
 * Calls are pipelined and may be answered in any order; four at most are with the daemon, the rest wait here. A call that is given up
 * (deadline, abort) keeps its place at the daemon until that answers: libvirt cannot take a request back. Bulk streams hold up what
 * else goes over the connection when their reader is slow, so give them a connection of their own.
 */
export class Connection {
  /** What the daemon tells unasked, once somebody listens. */
  readonly events: ConnectionEvents
  readonly isReadOnly: boolean

  readonly #link: Link
  readonly #log: Log | undefined
  readonly #callDeadlineMs: number
  readonly #calls: Calls
  readonly #streams: StreamTable
  readonly #features = new Map<DriverFeature, Promise<boolean>>()
  readonly #closed = new Emitter<ConnectionState>()
  #keepalive: Keepalive | undefined
  #serial = 0
  #state: ConnectionState = { kind: 'open' }

  /** Fires once, with how it ended. */
  readonly onDidClose: Event<ConnectionState> = this.#closed.event

  private constructor(stream: Duplex, options: ConnectionOptions) {
    this.#log = options.log
    this.isReadOnly = options.readOnly ?? false
    this.#callDeadlineMs = options.callDeadlineMs ?? 30_000
    this.#link = new Link(stream, { frame: (frame) => this.#onFrame(frame), lost: (reason) => this.#end({ kind: 'lost', reason }) })
    this.#calls = new Calls((frame) => this.#link.write(frame))
    this.#streams = new StreamTable(this.#link, options.maxUnreadBytes ?? 4 * 1024 * 1024)
    this.events = new ConnectionEvents(this, options.log)
  }

  /**
   * Authenticates and opens `uri` over `stream`, which belongs to the connection from here on, even when opening fails.
   * Failures: `auth-polkit`, `auth-sasl-unsupported`, `auth-unsupported`, `connection-lost`, `deadline`, `protocol`, or a LibvirtError.
   */
  static async open(stream: Duplex, options: ConnectionOptions = {}): Promise<Connection> {
    const connection = new Connection(stream, options)
    const call: CallOptions = options.signal ? { signal: options.signal } : {}
    try {
      options.signal?.throwIfAborted()
      await authenticate(connection, call)
      // Asking is also what makes the daemon start pings of its own. The daemon takes it before the connection is open.
      const keepalive = connection.supports('programKeepalive')
      keepalive.catch(() => {})
      const flags = connection.isReadOnly ? connectFlags.readOnly : 0
      await connection.call('connectOpen', { name: options.uri ?? 'qemu:///system', flags }, call)
      const isKept = await keepalive
      if (isKept && options.keepalive !== null)
        connection.#keepalive = new Keepalive(connection.#link, options.keepalive ?? defaultKeepalive)
      return connection
    } catch (thrown) {
      connection.close()
      throw thrown
    }
  }

  get state(): ConnectionState {
    return this.#state
  }

  get isOpen(): boolean {
    return this.#state.kind === 'open'
  }

  /** Calls that wait for a free place at the daemon, and what holds those places. */
  get load(): { readonly queued: number; readonly inFlight: readonly string[]; readonly streams: number } {
    return { queued: this.#calls.queued, inFlight: this.#calls.busyWith, streams: this.#streams.size }
  }

  /**
   * One call. The request leaves before this returns where a place is free. Rejects with a LibvirtError when the daemon says no,
   * `deadline`, `connection-lost`, `too-many-calls`, `encode` for arguments that the wire cannot carry, or the signal's reason.
   */
  call<N extends PlainProcedureName>(name: N, ...[args, options]: CallParameters<N>): Promise<ResultOf<N>> {
    return this.#send(name, args as ArgsOf<N>, options ?? {}).result
  }

  /** A call that opens a byte stream. Ending the stream finishes it at the daemon, destroying it aborts it there. */
  async openStream<N extends StreamProcedureName>(
    name: N,
    ...[args, options]: CallParameters<N>
  ): Promise<{ readonly stream: LibvirtStream; readonly result: ResultOf<N> }> {
    const { number, stream: direction } = procedures[name]
    let stream: LibvirtStream | undefined
    const { serial, result } = this.#send(name, args as ArgsOf<N>, options ?? {}, (serial) => {
      // Known before the reply, since data may overtake it.
      stream = this.#streams.add(new LibvirtStream({ name, number, direction, serial, table: this.#streams }))
    })
    try {
      const value = await result
      if (!stream) throw this.#lostFailure(name)
      return { stream, result: value }
    } catch (thrown) {
      // What the daemon may still make is aborted when it says that it has.
      if (this.#calls.find(serial)) stream?.destroy()
      else stream?.gone()
      throw thrown
    }
  }

  /** Whether the driver has the feature (virDrvFeature). Asked once per connection. */
  supports(feature: DriverFeature): Promise<boolean> {
    let answer = this.#features.get(feature)
    if (!answer) {
      answer = this.call('connectSupportsFeature', { feature: driverFeatures[feature] }).then(({ supported }) => supported > 0)
      this.#features.set(feature, answer)
      answer.catch(() => this.#features.delete(feature))
    }
    return answer
  }

  /** Ends the connection; what is pending rejects with `connection-lost`. Idempotent. */
  close(): void {
    if (!this.isOpen) return
    this.#link.destroy()
    this.#end({ kind: 'closed' })
  }

  #send<N extends ProcedureName>(
    name: N,
    args: ArgsOf<N>,
    options: CallOptions,
    beforeSending?: (serial: number) => void,
  ): { serial: number; result: Promise<ResultOf<N>> } {
    const serial = (this.#serial = (this.#serial + 1) >>> 0 || 1)
    const result = new Promise<ResultOf<N>>((resolve, reject) => {
      const { signal } = options
      if (signal?.aborted) return reject(signal.reason)
      if (!this.isOpen) return reject(this.#lostFailure(name))
      // The table's entries are a union here; arguments and result are those of this very name.
      const procedure = procedures[name] as unknown as Procedure<ArgsOf<N>, ResultOf<N>>
      const header = {
        program: programs[procedure.program],
        version: programVersion,
        procedure: procedure.number,
        type: 'call',
        serial,
        status: 'ok',
      } as const
      const started = performance.now()
      const frame = encodeFrame(header, encodeValue(procedure.args, args))
      const done = (): void => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', onAbort)
      }
      const pending: PendingCall = {
        serial,
        name,
        frame,
        isAbandoned: false,
        settle: (outcome) => {
          done()
          if ('failure' in outcome) return reject(outcome.failure)
          try {
            resolve(decodeValue(procedure.result, outcome.reply))
            this.#log?.debug({ call: name, ms: Math.round(performance.now() - started) }, 'call')
          } catch (thrown) {
            reject(thrown)
            throw thrown
          }
        },
      }
      const giveUp = (reason: unknown): void => {
        done()
        this.#calls.abandon(pending)
        reject(reason)
      }
      const onAbort = (): void => giveUp(signal?.reason)
      const deadlineMs = options.deadlineMs === undefined ? this.#callDeadlineMs : options.deadlineMs
      const timer = deadlineMs === null ? undefined : setTimeout(() => giveUp(this.#lateFailure(pending, deadlineMs)), deadlineMs)
      beforeSending?.(serial)
      // Before the call goes out: a daemon in this process has answered when it is out, and nobody would take the listener off again.
      signal?.addEventListener('abort', onAbort, { once: true })
      try {
        this.#calls.add(pending)
      } catch (thrown) {
        done()
        throw thrown
      }
    })
    return { serial, result }
  }

  #onFrame(frame: Frame): void {
    if (frame.program === keepaliveProgram) {
      if (keepaliveKind(frame) === 'ping') this.#link.write(encodeKeepalive('pong'))
      return
    }
    if (frame.version !== programVersion || (frame.program !== programs.remote && frame.program !== programs.qemu)) {
      throw protocolFailure(
        'The far side speaks another protocol than libvirt.',
        `program 0x${frame.program.toString(16)}, version ${frame.version}`,
      )
    }
    if (frame.type === 'reply') return this.#onReply(frame)
    if (frame.type === 'message') return this.events.accept(frame)
    if (frame.type === 'stream' || frame.type === 'streamHole') return this.#streams.accept(frame)
    throw protocolFailure(`The daemon sent a message of type "${frame.type}", which only clients send.`)
  }

  #onReply(frame: Frame): void {
    const pending = this.#calls.find(frame.serial)
    if (!pending) {
      throw protocolFailure(`The daemon answered a call that was never made (serial ${frame.serial}).`)
    }
    const { number, program } = procedures[pending.name as ProcedureName]
    if (frame.procedure !== number || frame.program !== programs[program]) {
      throw protocolFailure(`The daemon answered ${pending.name} with the answer to something else.`, `procedure ${frame.procedure}`)
    }
    // The slot is freed first: whoever waits for this reply may make the next call at once.
    this.#calls.finish(frame.serial)
    const stream = this.#streams.find(frame.serial)
    if (frame.status === 'ok') stream?.opened()
    else stream?.gone()
    if (pending.isAbandoned) return
    if (frame.status === 'error')
      pending.settle({ failure: new LibvirtError(pending.name, decodeValue(remoteError as Codec<LibvirtError['remote']>, frame.payload)) })
    else pending.settle({ reply: frame.payload })
  }

  #end(state: ConnectionState): void {
    if (!this.isOpen) return
    this.#state = state
    this.#keepalive?.stop()
    this.#log?.debug({ state: state.kind, reason: state.kind === 'lost' ? messageOf(state.reason) : undefined }, 'connection ended')
    this.#calls.failAll((call) => this.#lostFailure(call.name))
    this.#streams.failAll(() => this.#lostFailure('The stream'))
    this.events.dispose()
    this.#closed.fire(state)
    this.#closed.dispose()
  }

  #lostFailure(name: string): Failure {
    if (this.#state.kind !== 'lost') return new Failure('connection-lost', `${name}: the connection to the libvirt daemon was closed.`)
    const { reason } = this.#state
    return new Failure('connection-lost', `${name}: ${reason.message}`, {
      cause: reason,
      ...(reason.evidence === undefined ? {} : { evidence: reason.evidence }),
    })
  }

  #lateFailure(call: PendingCall, deadlineMs: number): Failure {
    const wasSent = this.#calls.find(call.serial) === call
    const busyWith = this.#calls.busyWith.join(', ')
    return new Failure('deadline', `${call.name} took longer than ${deadlineMs} ms.`, {
      evidence: wasSent ? `the daemon did not answer; in flight: ${busyWith}` : `it waited for a free place; in flight: ${busyWith}`,
    })
  }
}
