import type { Connection } from '../client/connection.ts'
import { Failure, messageOf } from '../../base/failure.ts'
import type { DomainRef } from '../wire/objects.ts'

/** Where a move stands as far as cancelling is concerned. */
type Stage = 'before' | 'performing' | 'committed' | 'over'

/**
 * Turns a signal into what cancelling means at the moment: between calls the next one is not made, during Perform the job is aborted at
 * the source, and once Finish is due it is refused with the reason.
 */
export class Cancellation {
  readonly #signal: AbortSignal | undefined
  readonly #control: () => Connection
  readonly #domain: DomainRef
  readonly #refused: (failure: Failure<'cancel-refused'>) => void
  #stage: Stage = 'before'

  constructor(about: {
    signal?: AbortSignal
    control: () => Connection
    domain: DomainRef
    refused: (failure: Failure<'cancel-refused'>) => void
  }) {
    this.#signal = about.signal
    this.#control = about.control
    this.#domain = about.domain
    this.#refused = about.refused
    this.#signal?.addEventListener('abort', this.#onAbort)
  }

  get isWanted(): boolean {
    return this.#signal?.aborted === true
  }

  /** Rejects between calls once cancelling is wanted. */
  check(): void {
    if (this.isWanted) throw this.reason
  }

  get reason(): Failure<'cancelled'> {
    return new Failure('cancelled', 'The move was cancelled.', { cause: this.#signal?.reason })
  }

  performing(): void {
    this.#stage = 'performing'
  }

  /** From here on there is no way back. */
  committed(): void {
    if (this.isWanted && this.#stage === 'performing') this.#refuse('The cancel came too late: the domain had already left.')
    this.#stage = 'committed'
  }

  over(): void {
    this.#stage = 'over'
    this.#signal?.removeEventListener('abort', this.#onAbort)
  }

  #onAbort = (): void => {
    if (this.#stage === 'committed') this.#refuse('The move is past the point of no return: the destination is taking over.')
    else if (this.#stage === 'performing') void this.#abortJob()
  }

  async #abortJob(): Promise<void> {
    try {
      await this.#control().call('domainAbortJob', { dom: this.#domain })
    } catch (thrown) {
      // Perform may have ended in the meantime, and has then told what became of the move.
      if (this.#stage === 'performing') this.#refuse(`The source's libvirt would not cancel: ${messageOf(thrown)}`, thrown)
    }
  }

  #refuse(sentence: string, cause?: unknown): void {
    this.#refused(new Failure('cancel-refused', sentence, cause === undefined ? {} : { cause, evidence: messageOf(cause) }))
  }
}
