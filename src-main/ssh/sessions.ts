import PQueue from 'p-queue'
import { Emitter } from '../base/event.ts'
import { Failure } from '../base/failure.ts'
import { abortable, delay } from '../base/abort.ts'
import { ChannelRefused } from './connection.ts'

const longestPatienceMs = 1600

/**
 * Shares out the sessions of a connection, of which sshd allows ten (MaxSessions, sshd_config(5)). Short ones (a command, an upload) queue;
 * long ones (a running program, libvirt's helper) are begun at once and leave at least one to the short ones.
 */
export class Sessions {
  readonly #limit: number
  readonly #queue: PQueue
  readonly #released = new Emitter<void>()
  /** Short ones that have a session at the moment. */
  #holding = 0
  #long = 0

  constructor(limit = 8) {
    this.#limit = limit
    this.#queue = new PQueue({ concurrency: limit })
  }

  /** Runs `work` when a session is free. `work` is given what opens its session: it tries again where the server has none left yet. */
  short<T>(work: (open: <S>(openOne: () => Promise<S>) => Promise<S>) => Promise<T>, signal: AbortSignal): Promise<T> {
    const task = async () => {
      signal.throwIfAborted()
      let isHolding = false
      try {
        return await work(async (openOne) => {
          const opened = await this.#open(openOne, signal)
          if (!isHolding) this.#holding++
          isHolding = true
          return opened
        })
      } finally {
        if (isHolding) this.#holding--
        this.#released.fire()
      }
    }
    return abortable(this.#queue.add(task), signal) as Promise<T>
  }

  /** Opens a session that lives on. `release` is called once when it has ended. Rejects with `ssh-sessions-exhausted`. */
  async long<S>(openOne: () => Promise<S>, signal: AbortSignal): Promise<{ opened: S; release: () => void }> {
    if (this.#long >= this.#limit - 1) throw exhausted(this.#long)
    this.#count(1)
    let isReleased = false
    const release = () => {
      if (isReleased) return
      isReleased = true
      this.#count(-1)
      this.#released.fire()
    }
    try {
      return { opened: await this.#open(openOne, signal), release }
    } catch (error) {
      release()
      throw error
    }
  }

  async #open<S>(openOne: () => Promise<S>, signal: AbortSignal): Promise<S> {
    let patience = 25
    for (;;) {
      try {
        return await openOne()
      } catch (error) {
        if (!(error instanceof ChannelRefused) || error.reason !== 'connect-failed') throw error
        // The server allows fewer than the usual ten: go on when a short one has ended.
        if (this.#holding > 0) await this.#nextRelease(signal)
        // A session whose channel is closed counts until its program has ended, and nothing tells when that is.
        else if (patience <= longestPatienceMs) {
          await delay(patience, signal)
          patience *= 2
        } else throw exhausted(this.#long)
      }
    }
  }

  #nextRelease(signal: AbortSignal): Promise<void> {
    let subscription = { dispose() {} }
    const released = new Promise<void>((resolve) => {
      subscription = this.#released.event(resolve)
    })
    return abortable(released, signal).finally(() => subscription.dispose())
  }

  #count(change: number): void {
    this.#long += change
    this.#queue.concurrency = Math.max(1, this.#limit - this.#long)
  }
}

function exhausted(longLived: number): Failure<'ssh-sessions-exhausted'> {
  return new Failure('ssh-sessions-exhausted', 'The SSH server allows no further session on this connection.', {
    evidence: `${longLived} programs are running over it`,
    next: 'Raise MaxSessions in the host’s sshd_config to 10 or more, or end what runs.',
  })
}
