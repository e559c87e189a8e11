import { delay } from '../../base/abort.ts'
import { Failure, messageOf } from '../../base/failure.ts'
import { switchToPostcopy } from '../../libvirt/drive/postcopy.ts'
import { switchConsequence } from './consequences.ts'
import { controlsOf } from './controls.ts'
import type { MoveContext } from './move-context.ts'
import { moveFailureOf } from './move-failure.ts'

/** While a job is not far enough for a switch: often at first, since an immediate post-copy waits for nothing else, then more rarely. */
const soonestMs = 10
const slowestMs = 200

/** Makes the switch to post-copy: announced with what it means, checked against both daemons, tried until it is accepted or makes no sense any more. */
export class Switching {
  readonly #move: MoveContext
  #isAnnounced = false
  #attempt: Promise<void> | null = null
  /** Resolves when the wish to switch by itself has come to an end, one way or the other. */
  #wish: Promise<void> | null = null

  constructor(move: MoveContext) {
    this.#move = move
  }

  /** Settles when no attempt is on its way: a cancel must know on which side of the switch it is. */
  async quiet(): Promise<void> {
    await this.#attempt?.catch(() => {})
  }

  /** One attempt, now. Rejects with `move-cannot-switch`. */
  async byHand(): Promise<void> {
    const { course } = this.#move
    if (!controlsOf(this.#move).canSwitch) {
      throw new Failure('move-cannot-switch', course.stage === 'copying' ? 'The move cannot switch to post-copy now.' : 'The move is not copying memory now.', { evidence: course.stage })
    }
    try {
      await this.#once('by hand')
    } catch (thrown) {
      throw new Failure('move-cannot-switch', messageOf(thrown), { evidence: thrown instanceof Failure ? thrown.evidence ?? thrown.code : 'unknown', cause: thrown })
    }
  }

  /** Tries until it is done, refused for good, or the copying has ended. Never rejects. */
  wish(reason: string): void {
    this.#wish ??= this.#persist(reason).finally(() => (this.#wish = null))
  }

  async #persist(reason: string): Promise<void> {
    const { course, over, recorder, timing } = this.#move
    let pauseMs = soonestMs
    let warned = ''
    while (course.stage === 'copying' && !course.isCancelling && !course.hasLostDestination && !over.aborted) {
      try {
        return await this.#once(reason)
      } catch (thrown) {
        const code = thrown instanceof Failure ? thrown.code : 'unknown'
        if (code === 'postcopy-refused') {
          if (course.stage === 'copying') recorder.log('warning', `Post-copy was refused, the move goes on as pre-copy: ${evidenceOf(thrown)}`)
          return
        }
        if (code !== 'postcopy-not-yet' && code !== warned) {
          warned = code
          recorder.log('warning', `Not switched to post-copy yet: ${messageOf(thrown)}`)
        }
        pauseMs = code === 'postcopy-not-yet' ? Math.min(pauseMs * 1.3, slowestMs) : timing.answerMs
        await delay(pauseMs, over).catch(() => {})
      }
    }
  }

  #once(reason: string): Promise<void> {
    this.#attempt ??= this.#try(reason).finally(() => (this.#attempt = null))
    return this.#attempt
  }

  async #try(reason: string): Promise<void> {
    const { course, recorder, names, source, destination, spec, over, timing } = this.#move
    if (!this.#isAnnounced) {
      this.#isAnnounced = true
      recorder.tell({ kind: 'no-return', state: 'announced', consequence: switchConsequence(names) })
      recorder.log('info', `Switching to post-copy: ${reason}`)
      await recorder.commit({ kind: 'intent', intent: 'switch' })
    }
    const [atSource, atDestination] = await Promise.all([source.control(over), destination.control(over)])
    if (course.stage !== 'copying' || course.isCancelling || course.hasLostDestination) throw new Failure('postcopy-refused', 'The move is not copying memory any more.')
    const startedAt = performance.now()
    course.isSwitching = true
    try {
      await switchToPostcopy(spec.vm, { source: atSource, destination: atDestination, signal: over, answerWithinMs: timing.answerMs })
    } catch (thrown) {
      const code = thrown instanceof Failure ? thrown.code : ''
      if (code.startsWith('postcopy-')) throw thrown
      // Whether libvirt took it cannot be known: from here on the careful rules hold.
      recorder.log('warning', `Whether the VM was switched is not known: ${messageOf(thrown)}`)
      this.#cross(startedAt, thrown)
      return
    } finally {
      course.isSwitching = false
    }
    this.#cross(startedAt, null)
  }

  #cross(startedAt: number, doubt: unknown): void {
    const { course, recorder, names } = this.#move
    const ms = performance.now() - startedAt
    recorder.tell({ kind: 'step', step: 'switch', state: 'started' })
    recorder.tell(
      doubt === null
        ? { kind: 'step', step: 'switch', state: 'done', ms }
        : { kind: 'step', step: 'switch', state: 'failed', ms, failure: moveFailureOf(doubt, { step: 'switch', side: 'source' }) },
    )
    recorder.crossSwitch(switchConsequence(names))
    // Perform may have been answered, and Finish sent, before this answer came.
    if (course.stage === 'copying' || course.stage === 'finishing') course.stage = 'switched'
    recorder.enter(course.hasFinished ? 'postcopy' : 'switching')
    recorder.control(controlsOf(this.#move))
  }
}

function evidenceOf(thrown: unknown): string {
  return thrown instanceof Failure && thrown.evidence ? thrown.evidence : messageOf(thrown)
}
