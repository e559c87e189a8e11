import { Emitter } from '../../../base/event.ts'
import type { MoveHandle } from '../../../agent/conductor/move-handle.ts'
import type { MoveEvent, MoveOutcome } from '../../../agent/protocol/move-event.ts'
import type { DestinationRoute } from '../../../agent/protocol/destination-route.ts'
import type { AgentCommand } from './agent-channel.ts'

type Ask = (command: AgentCommand) => Promise<unknown>

/** A move that an agent drives. It goes on whether or not anybody listens; events that were missed are made up for after a reconnect. */
export class RemoteMove implements MoveHandle {
  readonly job: string
  readonly #ask: Ask
  readonly #happened = new Emitter<MoveEvent>()
  #lastSeq: number
  #settle: (outcome: MoveOutcome) => void = () => {}
  #isEnded = false

  readonly onDidHappen = this.#happened.event
  readonly ended: Promise<MoveOutcome>

  /** `since`: the number of the last event that is already known. */
  constructor(job: string, since: number, ask: Ask) {
    this.job = job
    this.#lastSeq = since
    this.#ask = ask
    this.ended = new Promise((resolve) => (this.#settle = resolve))
  }

  get lastSeq(): number {
    return this.#lastSeq
  }

  get isEnded(): boolean {
    return this.#isEnded
  }

  /** Takes an event from the wire; what is already known is passed over. */
  take(event: MoveEvent): void {
    if (this.#isEnded || event.seq <= this.#lastSeq) return
    this.#lastSeq = event.seq
    if (event.kind === 'ended') this.#isEnded = true
    this.#happened.fire(event)
    if (event.kind === 'ended') this.#settle(event.outcome)
  }

  /** The agent knows the job no more: it was killed, and its files with it. */
  giveUp(sentence: string, evidence?: string): void {
    this.take({
      seq: this.#lastSeq + 1,
      t: Date.now(),
      kind: 'ended',
      outcome: { kind: 'lost', failure: { code: 'agent-lost', sentence, next: 'Ask both hosts where the VM is.', ...(evidence === undefined ? {} : { evidence }) } },
    })
  }

  async cancel(): Promise<void> {
    await this.#ask({ do: 'cancel', job: this.job })
  }

  async setLimits(change: { readonly bandwidthMiBps?: number; readonly downtimeMs?: number }): Promise<void> {
    await this.#ask({ do: 'limits', job: this.job, ...change })
  }

  async switchToPostcopy(): Promise<void> {
    await this.#ask({ do: 'switch', job: this.job })
  }

  /** `route`: a new way to the destination, where the old tunnel is gone. */
  async recover(route?: DestinationRoute): Promise<void> {
    await this.#ask({ do: 'recover', job: this.job, ...(route ? { route } : {}) })
  }
}
