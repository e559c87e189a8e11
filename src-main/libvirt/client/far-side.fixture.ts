import { duplexPair, type Duplex } from 'node:stream'
import { decodeValue, encodeValue } from '../wire/codec.ts'
import { errorCodes, type ErrorCodeName } from '../wire/constants/error-code.ts'
import { errorDomains, type ErrorDomainName } from '../wire/constants/error-domain.ts'
import { domainEvents, monitorEvent, type DomainEventName, type DomainEventOf, type MonitorEvent } from '../wire/events.ts'
import { encodeFrame, FrameReader, type Frame, type MessageStatus } from '../wire/frame.ts'
import { keepaliveProgram } from '../wire/keepalive.ts'
import { remoteError } from '../wire/objects.ts'
import { procedureOf, procedures, type ArgsOf, type ProcedureName, type ResultOf } from '../wire/procedures.ts'
import { programs, programVersion, type Procedure } from '../wire/procedures/procedure.ts'

/** Thrown by a handler: the error that the scripted daemon answers. */
export class Refusal extends Error {
  readonly code: ErrorCodeName
  readonly domain: ErrorDomainName

  constructor(code: ErrorCodeName, message: string = code, domain: ErrorDomainName = 'VIR_FROM_QEMU') {
    super(message)
    this.code = code
    this.domain = domain
  }
}

type Handler<N extends ProcedureName> = (args: ArgsOf<N>, frame: Frame) => ResultOf<N> | Promise<ResultOf<N>>

export interface SeenCall {
  readonly name: ProcedureName
  readonly args: unknown
}

/** The far end of a connection, on the same table: a daemon that answers what a test tells it to. Unscripted calls are refused. */
export class FarSide {
  /** What the client is to be given. */
  readonly near: Duplex
  readonly stream: Duplex
  readonly calls: SeenCall[] = []
  readonly others: Frame[] = []
  /** Told of every call before it is answered. */
  onCall: (call: SeenCall) => void = () => {}
  readonly #handlers = new Map<ProcedureName, Handler<ProcedureName>>()
  readonly #waiting: { readonly isThere: () => boolean; readonly resolve: () => void }[] = []

  constructor({
    authTypes = [0],
    supports = [] as readonly number[],
  }: { authTypes?: readonly number[]; supports?: readonly number[] } = {}) {
    const [near, far] = duplexPair()
    this.near = near
    this.stream = far
    this.on('authList', () => ({ types: authTypes }))
    this.on('connectSupportsFeature', ({ feature }) => ({ supported: supports.includes(feature) ? 1 : 0 }))
    this.on('connectOpen', () => {})
    const reader = new FrameReader()
    far.on('data', (chunk: Buffer) => {
      for (const frame of reader.push(chunk)) this.#accept({ ...frame, payload: Buffer.from(frame.payload) })
      for (const waiting of [...this.#waiting]) if (waiting.isThere()) waiting.resolve()
    })
    far.on('error', () => {})
  }

  on<N extends ProcedureName>(name: N, handler: Handler<N>): this {
    this.#handlers.set(name, handler as unknown as Handler<ProcedureName>)
    return this
  }

  /** Never answers; resolves when the call has come. */
  mute(name: ProcedureName): Promise<void> {
    this.on(name, () => new Promise<never>(() => {}))
    return this.called(name)
  }

  count(name: ProcedureName): number {
    return this.calls.filter((call) => call.name === name).length
  }

  argsOf<N extends ProcedureName>(name: N): ArgsOf<N>[] {
    return this.calls.filter((call) => call.name === name).map((call) => call.args as ArgsOf<N>)
  }

  called(name: ProcedureName, times = 1): Promise<void> {
    return this.when(() => this.count(name) >= times)
  }

  /** Resolves as soon as something that the client sent makes it true. */
  when(isThere: () => boolean): Promise<void> {
    if (isThere()) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push({ isThere, resolve }))
  }

  reply<N extends ProcedureName>(frame: Frame, name: N, result: ResultOf<N>): void {
    const procedure = procedures[name] as unknown as Procedure<ArgsOf<N>, ResultOf<N>>
    this.stream.write(encodeFrame({ ...headerOf(frame), type: 'reply', status: 'ok' }, encodeValue(procedure.result, result)))
  }

  event<N extends DomainEventName>(name: N, event: DomainEventOf<N>): void {
    const { number, payload } = domainEvents[name]
    const header = {
      program: programs.remote,
      version: programVersion,
      procedure: number,
      type: 'message',
      serial: 0,
      status: 'ok',
    } as const
    this.stream.write(encodeFrame(header, encodeValue(payload as never, event as never)))
  }

  monitorEvent(event: MonitorEvent): void {
    const header = {
      program: programs.qemu,
      version: programVersion,
      procedure: monitorEvent.number,
      type: 'message',
      serial: 0,
      status: 'ok',
    } as const
    this.stream.write(encodeFrame(header, encodeValue(monitorEvent.payload, event)))
  }

  /** A packet of the stream that `call` opened. False when the way is full. */
  streamPacket(call: Frame, status: MessageStatus, payload?: Uint8Array): boolean {
    return this.stream.write(encodeFrame({ ...headerOf(call), type: 'stream', status }, payload))
  }

  refuse(frame: Frame, refusal: Refusal, type: 'reply' | 'stream' = 'reply'): void {
    const error = {
      code: errorCodes[refusal.code],
      domain: errorDomains[refusal.domain],
      message: refusal.message,
      level: 2,
      dom: null,
      str1: null,
      str2: null,
      str3: null,
      int1: 0,
      int2: 0,
      net: null,
    }
    this.stream.write(encodeFrame({ ...headerOf(frame), type, status: 'error' }, encodeValue(remoteError, error)))
  }

  #accept(frame: Frame): void {
    const name = frame.type === 'call' && frame.program !== keepaliveProgram ? procedureOf(frame.program, frame.procedure) : undefined
    if (name === undefined) {
      this.others.push(frame)
      return
    }
    const args: unknown = decodeValue(procedures[name].args as never, frame.payload)
    this.calls.push({ name, args })
    this.onCall({ name, args })
    void this.#answer(frame, name, args)
  }

  async #answer(frame: Frame, name: ProcedureName, args: unknown): Promise<void> {
    const handler = this.#handlers.get(name)
    try {
      if (!handler) throw new Refusal('VIR_ERR_NO_SUPPORT', `${name} is not scripted`)
      this.reply(frame, name, await handler(args as never, frame))
    } catch (thrown) {
      if (!(thrown instanceof Refusal)) throw thrown
      this.refuse(frame, thrown)
    }
  }
}

function headerOf({ program, version, procedure, serial }: Frame): { program: number; version: number; procedure: number; serial: number } {
  return { program, version, procedure, serial }
}
