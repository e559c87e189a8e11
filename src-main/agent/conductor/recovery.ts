import { delay } from '../../base/abort.ts'
import { Failure, messageOf } from '../../base/failure.ts'
import { presenceOf } from '../../libvirt/drive/presence.ts'
import type { Outcome } from '../../libvirt/drive/outcome.ts'
import { pausePostcopy, resumePostcopy } from '../../libvirt/drive/postcopy.ts'
import type { Connection } from '../../libvirt/client/connection.ts'
import { controlsOf } from './controls.ts'
import type { MoveContext } from './move-context.ts'
import { locate } from './whereabouts.ts'

/** Carries on a post-copy that lost its network: by itself, ever more rarely, and at once when asked. */
export class Recovery {
  readonly #move: MoveContext
  #hurry: () => void = () => {}

  constructor(move: MoveContext) {
    this.#move = move
  }

  /** Someone asks for it now. While the post-copy only stalls, it is interrupted first, so that it can be resumed. */
  async now(): Promise<void> {
    const { course, source, destination, over, spec } = this.#move
    if (course.stage === 'recovering') return this.#hurry()
    try {
      const [atSource, atDestination] = await Promise.all([source.control(over), destination.control(over)])
      await pausePostcopy(spec.vm, { source: atSource, destination: atDestination })
    } catch (thrown) {
      throw new Failure('move-cannot-recover', messageOf(thrown), { ...(thrown instanceof Failure && thrown.evidence ? { evidence: thrown.evidence } : {}), cause: thrown })
    }
  }

  /** Resolves with the outcome of the attempt that changed something. */
  async run(): Promise<Outcome> {
    const { course, recorder, timing } = this.#move
    course.stage = 'recovering'
    recorder.enter('recovering')
    recorder.tell({ kind: 'recovering', state: 'waiting', reason: 'The hosts lost each other in the middle of post-copy.' })
    recorder.control(controlsOf(this.#move))
    for (let pauseMs = timing.retryMs; ; pauseMs = Math.min(pauseMs * 2, timing.slowestRetryMs)) {
      await this.#pause(pauseMs)
      const outcome = await this.#try()
      if (outcome) return outcome
    }
  }

  /** Null when nothing has changed. */
  async #try(): Promise<Outcome | null> {
    const { source, destination, over, recorder, notes, course, spec, timing, recoveryPlan } = this.#move
    const opened: Connection[] = []
    const open = async (side: typeof source) => {
      const connection = await side.open(over)
      opened.push(connection)
      return connection
    }
    try {
      const both = await Promise.allSettled([open(source), open(destination)])
      const lost = both.find((result) => result.status === 'rejected')
      if (lost) throw lost.reason
      const [atSource, atDestination] = both.map((result) => (result as PromiseFulfilledResult<Connection>).value) as [Connection, Connection]
      const before = await locate(atSource, atDestination, spec.vm.uuid, { deadlineMs: timing.callMs, signal: over })
      // One daemon may notice long before the other; and what is not broken any more is the caller's to judge.
      if (before.verdict === 'postcopy' || before.verdict === 'unknown' || before.verdict === 'moving') return null
      if (before.verdict !== 'postcopy-broken') return this.#judged(atSource)
      recorder.tell({ kind: 'recovering', state: 'resuming', reason: 'Both hosts answer.' })
      const outcome = await resumePostcopy(recoveryPlan, { source: atSource, destination: atDestination, onStep: (note) => this.#follow(note.step === 'finish' && note.phase === 'sent', () => notes.take(note)) })
      if (outcome.outcome !== 'failed') return outcome
      recorder.log('warning', `The post-copy could not be resumed at ${outcome.at}: ${messageOf(outcome.error)}`)
      course.stage = 'recovering'
      recorder.enter('recovering')
      recorder.tell({ kind: 'recovering', state: 'waiting', reason: messageOf(outcome.error) })
      recorder.control(controlsOf(this.#move))
      return null
    } catch (thrown) {
      if (over.aborted) throw thrown
      return null
    } finally {
      for (const connection of opened) connection.close()
    }
  }

  #follow(isResumed: boolean, tell: () => void): void {
    const { course, recorder } = this.#move
    tell()
    if (!isResumed) return
    course.stage = 'switched'
    course.isStalled = false
    recorder.tell({ kind: 'recovering', state: 'resumed', reason: 'Memory flows again.' })
    recorder.enter('postcopy')
    recorder.control(controlsOf(this.#move))
  }

  /** An outcome that makes the caller ask both hosts again. */
  async #judged(source: Connection): Promise<Outcome> {
    const presence = await presenceOf(source, this.#move.spec.vm.uuid)
    const error = new Error('The post-copy was interrupted.')
    return {
      outcome: 'failed',
      at: 'finish',
      error,
      isCancelled: false,
      source: presence.kind === 'active' || presence.kind === 'inactive' ? { kind: 'answered', state: presence.state } : { kind: 'unanswered', error },
    }
  }

  async #pause(milliseconds: number): Promise<void> {
    const { over } = this.#move
    const hurry = new AbortController()
    this.#hurry = () => hurry.abort()
    try {
      await delay(milliseconds, AbortSignal.any([over, hurry.signal]))
    } catch (thrown) {
      if (over.aborted) throw thrown
    }
  }
}
