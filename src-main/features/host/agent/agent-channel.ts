import { Duplex } from 'node:stream'
import { within } from '../../../base/abort.ts'
import type { Disposable } from '../../../base/disposable.ts'
import { Emitter } from '../../../base/event.ts'
import { Failure } from '../../../base/failure.ts'
import { LineChannel } from '../../../agent/protocol/line-channel.ts'
import { agentMessage, hello, protocolVersion, type AgentRequest, type Hello } from '../../../agent/protocol/message.ts'
import type { MoveEvent } from '../../../agent/protocol/move-event.ts'
import type { RemoteProcess } from '../../../transport/transport.ts'

/** A request without its number. */
export type AgentCommand = AgentRequest extends infer R ? (R extends AgentRequest ? Omit<R, 'id'> : never) : never

/** One attached channel to an agent: numbered requests, their answers, and events of attached jobs. It ends with the SSH connection. */
export class AgentChannel implements Disposable {
  readonly hello: Hello
  /** What to add to a time of the host's clock to have this computer's, in milliseconds. */
  readonly clockShift: number
  readonly #lines: LineChannel
  readonly #process: RemoteProcess
  readonly #pending = new Map<number, { resolve: (ok: unknown) => void; reject: (failure: Failure) => void }>()
  readonly #events = new Emitter<{ job: string; event: MoveEvent }>()
  #serial = 0
  #isClosed = false

  readonly onDidReceiveEvent = this.#events.event
  /** Resolves once, when the channel is gone. */
  readonly closed: Promise<void>

  private constructor(process: RemoteProcess, lines: LineChannel, greeting: Hello, clockShift: number) {
    this.#process = process
    this.#lines = lines
    this.hello = greeting
    this.clockShift = clockShift
    lines.onDidReceive((message) => this.#take(message))
    this.closed = lines.closed.then((failure) => {
      this.#isClosed = true
      for (const { reject } of this.#pending.values()) reject(failure ?? lost())
      this.#pending.clear()
      this.#events.dispose()
      process.close()
    })
  }

  /** Takes over a running `agent attach`. Rejects with `agent-start` (its stderr as evidence) or `agent-protocol`. */
  static async open(process: RemoteProcess, deadlineMs: number, signal: AbortSignal): Promise<AgentChannel> {
    const askedAt = Date.now()
    let complaint = ''
    process.stderr.setEncoding('utf8')
    process.stderr.on('data', (text: string) => (complaint = (complaint + text).slice(-2000)))
    const lines = new LineChannel(Duplex.from({ readable: process.stdout, writable: process.stdin }))
    let stop: Disposable | undefined
    const first = new Promise<unknown>((resolve) => (stop = lines.onDidReceive(resolve)))
    const gone = lines.closed.then(async (failure) => {
      const { code } = await process.exited
      throw new Failure('agent-start', 'The agent did not start on the host.', { evidence: complaint.trim() || failure?.evidence || `exit ${code}` })
    })
    gone.catch(() => {})
    try {
      const greeting = hello.safeParse(await within(deadlineMs, 'Starting the agent', Promise.race([first, gone]), signal))
      if (!greeting.success || greeting.data.protocol !== protocolVersion) {
        throw new Failure('agent-protocol', 'What answers on the host is no agent of this Drover.', { evidence: greeting.success ? `protocol ${greeting.data.protocol}` : 'no greeting' })
      }
      // The greeting was made between asking and now; starting takes most of that time, so now is the better guess.
      const now = Date.now()
      const shift = greeting.data.now >= askedAt && greeting.data.now <= now ? 0 : now - greeting.data.now
      return new AgentChannel(process, lines, greeting.data, shift)
    } catch (thrown) {
      lines.close()
      process.close()
      throw thrown
    } finally {
      stop?.dispose()
    }
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** The answer's payload. Rejects with the agent's failure, `agent-channel` when the channel goes first, or `deadline`. */
  request(command: AgentCommand, options: { deadlineMs: number; signal?: AbortSignal | undefined }): Promise<unknown> {
    if (this.#isClosed) return Promise.reject(lost())
    const id = ++this.#serial
    const answer = new Promise<unknown>((resolve, reject) => this.#pending.set(id, { resolve, reject }))
    this.#lines.send({ id, ...command })
    return within(options.deadlineMs, `The agent's answer to "${command.do}"`, answer, options.signal).finally(() => this.#pending.delete(id))
  }

  dispose(): void {
    this.#lines.close()
  }

  #take(message: unknown): void {
    const parsed = agentMessage.safeParse(message)
    // A younger agent of the same protocol may say more than is known here.
    if (!parsed.success) return
    const said = parsed.data
    if ('event' in said) {
      const event = said.event as MoveEvent
      return this.#events.fire({ job: said.job, event: { ...event, t: event.t + this.clockShift } })
    }
    const pending = this.#pending.get(said.answer)
    if ('failure' in said) {
      const { code, sentence, evidence, next } = said.failure
      pending?.reject(new Failure(code, sentence, { ...(evidence === undefined ? {} : { evidence }), ...(next === undefined ? {} : { next }) }))
    } else pending?.resolve(said.ok)
  }
}

function lost(): Failure {
  return new Failure('agent-channel', 'The connection to the agent was lost.')
}
