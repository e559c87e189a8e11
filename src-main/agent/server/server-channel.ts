import type { Disposable } from '../../base/disposable.ts'
import { Failure, messageOf } from '../../base/failure.ts'
import type { LineChannel } from '../protocol/line-channel.ts'
import { agentRequest, type AgentRequest, type Hello } from '../protocol/message.ts'
import type { JobHistory } from './job-history.ts'

/** An attached job on one channel: a place in its history, moved on as fast as the far side reads. Nothing is buffered for a channel that stands still. */
class Attachment implements Disposable {
  readonly #channel: LineChannel
  readonly #history: JobHistory
  readonly #subscription: Disposable
  #next: number
  #isWaiting = false
  #isDisposed = false

  constructor(channel: LineChannel, history: JobHistory, since: number) {
    this.#channel = channel
    this.#history = history
    this.#next = history.indexAfter(since)
    this.#subscription = history.onDidAppend(() => this.pump())
  }

  pump(): void {
    while (!this.#isWaiting && !this.#isDisposed) {
      const event = this.#history.at(this.#next)
      if (!event) return
      this.#next += 1
      if (this.#channel.send({ job: this.#history.job, event })) continue
      this.#isWaiting = true
      this.#channel.whenDrained(() => {
        this.#isWaiting = false
        this.pump()
      })
    }
  }

  dispose(): void {
    this.#isDisposed = true
    this.#subscription.dispose()
  }
}

export interface ChannelHost {
  readonly hello: () => Hello
  /** The answer's payload, or throws a Failure. */
  readonly answer: (request: AgentRequest) => Promise<unknown>
  readonly history: (job: string) => JobHistory | undefined
}

/** Serves one desktop on one channel until that ends. Resolves then. */
export async function serveChannel(channel: LineChannel, host: ChannelHost): Promise<void> {
  const attachments = new Map<string, Attachment>()
  const detach = (job: string) => {
    attachments.get(job)?.dispose()
    attachments.delete(job)
  }
  const attach = (job: string, since: number) => {
    const history = host.history(job)
    if (!history) throw new Failure('agent-unknown-job', `The agent knows no job ${job}.`)
    detach(job)
    const attachment = new Attachment(channel, history, since)
    attachments.set(job, attachment)
    // The answer goes first.
    queueMicrotask(() => attachment.pump())
    return { lastSeq: history.summary().lastSeq }
  }
  const handle = async (message: unknown) => {
    const parsed = agentRequest.safeParse(message)
    if (!parsed.success) {
      const id = typeof message === 'object' && message !== null && 'id' in message && typeof message.id === 'number' ? message.id : -1
      // Zod's issues name paths and kinds, never values.
      const evidence = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.code}`).join('; ')
      return void channel.send({ answer: id, failure: { code: 'agent-bad-request', sentence: 'The agent does not understand this request.', evidence } })
    }
    const request = parsed.data
    try {
      if (request.do === 'detach') detach(request.job)
      const ok = request.do === 'attach' ? attach(request.job, request.since) : request.do === 'detach' ? {} : await host.answer(request)
      channel.send({ answer: request.id, ok })
    } catch (thrown) {
      channel.send({ answer: request.id, failure: failureOf(thrown) })
    }
  }
  channel.onDidReceive((message) => void handle(message))
  channel.send(host.hello())
  await channel.closed
  for (const job of [...attachments.keys()]) detach(job)
}

function failureOf(thrown: unknown): { code: string; sentence: string; evidence?: string; next?: string } {
  if (!(thrown instanceof Failure)) return { code: 'agent-error', sentence: 'The agent failed.', evidence: messageOf(thrown) }
  return {
    code: thrown.code,
    sentence: thrown.message,
    ...(thrown.evidence === undefined ? {} : { evidence: thrown.evidence }),
    ...(thrown.next === undefined ? {} : { next: thrown.next }),
  }
}
