import type { Duplex } from 'node:stream'
import { Emitter } from '../../base/event.ts'
import { decodeValue, encodeValue } from '../../libvirt/wire/codec.ts'
import { domainEvents, monitorEvent, type DomainEventName, type DomainEventOf } from '../../libvirt/wire/events.ts'
import { encodeFrame, FrameReader, type Frame, type MessageStatus } from '../../libvirt/wire/frame.ts'
import { encodeKeepalive, keepaliveKind, keepaliveProgram } from '../../libvirt/wire/keepalive.ts'
import { remoteError, type DomainRef } from '../../libvirt/wire/objects.ts'
import { procedureOf, procedures, type ArgsOf, type ProcedureName, type ResultOf } from '../../libvirt/wire/procedures.ts'
import { programs, programVersion, type Procedure } from '../../libvirt/wire/procedures/procedure.ts'
import { Refusal } from './refusal.ts'

/** An answer that is on the wire's form already: for what is asked all the time. */
export class Encoded {
  readonly bytes: Buffer
  constructor(bytes: Buffer) {
    this.bytes = bytes
  }
}

/** Answers a call, or throws a {@link Refusal}. */
export type Handler<N extends ProcedureName> = (args: ArgsOf<N>, session: Session, frame: Frame) => ResultOf<N> | Encoded | Promise<ResultOf<N>>
export type Handlers = { readonly [N in ProcedureName]?: Handler<N> }

/** The far end of a stream that a call opened. */
export interface ServedStream {
  /** The client sent bytes, or null: it has no more. */
  take(bytes: Buffer | null): void
  /** The client gave up, or is gone. */
  aborted(): void
}

interface Registration {
  readonly event: DomainEventName | 'monitor'
  readonly uuid: string | null
  /** Of a monitor event; null is any. */
  readonly name: string | null
}

/** What only a read-write connection may call. */
const looking = /^(auth|connect(?!Register)|node|networkGet|networkIs|storagePool(Get|Is|List|Lookup)|storageVol(Get|Lookup)|domain(Lookup|Get|Is|Has|List|MigrateGet|InterfaceStats|BlockStats|MemoryStats))/

/** One connection to a simulated daemon: frames on the client's own table of codecs, read the other way round. */
export class Session {
  isReadOnly: boolean
  readonly #stream: Duplex
  readonly #handlers: Handlers
  readonly #before: () => void
  readonly #registrations = new Map<number, Registration>()
  readonly #streams = new Map<number, ServedStream>()
  readonly #closed = new Emitter<void>()
  #nextCallback = 0
  #isClosed = false
  readonly onDidClose = this.#closed.event

  constructor(stream: Duplex, options: { handlers: Handlers; isReadOnly: boolean; before: () => void }) {
    this.#stream = stream
    this.#handlers = options.handlers
    this.isReadOnly = options.isReadOnly
    this.#before = options.before
    const reader = new FrameReader()
    stream.on('data', (chunk: Buffer) => {
      try {
        for (const frame of reader.push(chunk)) this.#accept(frame)
      } catch {
        this.close()
      }
    })
    stream.on('error', () => {})
    stream.on('close', () => this.close())
    stream.on('end', () => this.close())
  }

  get isOpen(): boolean {
    return !this.#isClosed
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const stream of this.#streams.values()) stream.aborted()
    this.#streams.clear()
    this.#stream.destroy()
    this.#closed.fire()
  }

  register(registration: Registration): number {
    this.#registrations.set(++this.#nextCallback, registration)
    return this.#nextCallback
  }

  deregister(id: number): void {
    this.#registrations.delete(id)
  }

  tell<N extends DomainEventName>(name: N, event: Omit<DomainEventOf<N>, 'callbackId'> & { dom: DomainRef }): void {
    for (const [callbackId, { event: wanted, uuid }] of this.#registrations) {
      if (wanted !== name || (uuid !== null && uuid !== event.dom.uuid)) continue
      const { number, payload } = domainEvents[name]
      this.#send('remote', number, encodeValue(payload as never, { ...event, callbackId } as never))
    }
  }

  tellMonitor(dom: DomainRef, event: string, details: string, now: number): void {
    for (const [callbackId, { event: wanted, uuid, name }] of this.#registrations) {
      if (wanted !== 'monitor' || (uuid !== null && uuid !== dom.uuid) || (name !== null && name !== event)) continue
      const message = { callbackId, dom, event, seconds: Math.floor(now / 1000), micros: Math.floor(now % 1000) * 1000, details }
      this.#send('qemu', monitorEvent.number, encodeValue(monitorEvent.payload, message))
    }
  }

  serveStream(call: Frame, stream: ServedStream): void {
    this.#streams.set(call.serial, stream)
  }

  /** A packet of the stream that `call` opened; `ok` and `error` end it. False when the way is full: `whenDrained` tells when it is not. */
  streamPacket(call: Frame, status: MessageStatus, payload?: Uint8Array): boolean {
    if (this.#isClosed) return false
    if (status !== 'continue') this.#streams.delete(call.serial)
    return this.#stream.write(encodeFrame({ ...headerOf(call), type: 'stream', status }, payload))
  }

  whenDrained(run: () => void): void {
    this.#stream.once('drain', run)
  }

  #send(program: keyof typeof programs, procedure: number, payload: Buffer): void {
    if (!this.#isClosed) this.#stream.write(encodeFrame({ program: programs[program], version: programVersion, procedure, type: 'message', serial: 0, status: 'ok' }, payload))
  }

  #accept(frame: Frame): void {
    if (frame.program === keepaliveProgram) {
      if (keepaliveKind(frame) === 'ping') this.#stream.write(encodeKeepalive('pong'))
      return
    }
    if (frame.type === 'stream') return this.#onStream(frame)
    if (frame.type !== 'call') return
    const name = procedureOf(frame.program, frame.procedure)
    // Header and arguments may be looked at after the next chunk has come.
    void this.#answer({ ...frame, payload: Buffer.from(frame.payload) }, name)
  }

  async #answer(frame: Frame, name: ProcedureName | undefined): Promise<void> {
    try {
      const handler = name && (this.#handlers[name] as Handler<ProcedureName> | undefined)
      if (!name || !handler) throw new Refusal('VIR_ERR_NO_SUPPORT', `this function is not supported by the connection driver: ${name ?? frame.procedure}`)
      if (this.isReadOnly && !looking.test(name)) throw new Refusal('VIR_ERR_OPERATION_DENIED', `operation forbidden: read only access prevents ${name}`, 'VIR_FROM_DOMAIN')
      this.#before()
      const procedure = procedures[name] as unknown as Procedure<unknown, unknown>
      const answer = handler(decodeValue(procedure.args, frame.payload) as never, this, frame)
      const result: unknown = answer instanceof Promise ? await answer : answer
      if (this.#isClosed) return
      const payload = result instanceof Encoded ? result.bytes : encodeValue(procedure.result, result)
      this.#stream.write(encodeFrame({ ...headerOf(frame), type: 'reply', status: 'ok' }, payload))
    } catch (thrown) {
      if (this.#isClosed) return
      const refusal = thrown instanceof Refusal ? thrown : new Refusal('VIR_ERR_INTERNAL_ERROR', `internal error: ${thrown instanceof Error ? thrown.message : String(thrown)}`)
      this.#stream.write(encodeFrame({ ...headerOf(frame), type: 'reply', status: 'error' }, encodeValue(remoteError, refusal.remote)))
    }
  }

  #onStream(frame: Frame): void {
    const stream = this.#streams.get(frame.serial)
    if (!stream) return
    if (frame.status === 'continue') return stream.take(Buffer.from(frame.payload))
    this.#streams.delete(frame.serial)
    if (frame.status === 'ok') stream.take(null)
    else stream.aborted()
    this.#stream.write(encodeFrame({ ...headerOf(frame), type: 'stream', status: 'ok' }))
  }
}

function headerOf({ program, version, procedure, serial }: Frame): { program: number; version: number; procedure: number; serial: number } {
  return { program, version, procedure, serial }
}
