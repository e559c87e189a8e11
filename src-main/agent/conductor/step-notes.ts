import type { StepNote } from '../../libvirt/drive/outcome.ts'
import { moveFailureOf, sideOf } from './move-failure.ts'
import type { Recorder } from './recorder.ts'

/**
 * Tells the calls of `libvirt/drive` as steps. That Perform was answered is told a little later: Finish must leave first, for the guest
 * stands still in between.
 */
export class StepNotes {
  readonly #recorder: Recorder
  readonly #sentAt = new Map<string, number>()
  #held: StepNote | null = null
  /** Milliseconds since the epoch, by step; of calls that are not cancelling ones. */
  readonly answeredAt = new Map<string, number>()
  readonly firstSentAt = new Map<string, number>()

  constructor(recorder: Recorder) {
    this.#recorder = recorder
  }

  take(note: StepNote): void {
    if (note.step === 'perform' && note.phase === 'answered') {
      this.#held = note
      setImmediate(() => this.flush())
      return
    }
    this.flush()
    this.#tell(note)
  }

  flush(): void {
    const held = this.#held
    this.#held = null
    if (held) this.#tell(held)
  }

  #tell(note: StepNote): void {
    const { step, at } = note
    if (note.phase === 'sent') {
      this.#sentAt.set(step, at)
      if (!note.isCancelling && !this.firstSentAt.has(step)) this.firstSentAt.set(step, at)
      return this.#recorder.tell({ kind: 'step', step, state: 'started' })
    }
    const ms = Math.max(0, at - (this.#sentAt.get(step) ?? at))
    // Finish answers a cancel with an error by design: that is no failure of the step.
    if (note.phase === 'failed' && !note.isCancelling) {
      return this.#recorder.tell({ kind: 'step', step, state: 'failed', ms, failure: moveFailureOf(note.error, { step, side: sideOf(step) }) })
    }
    if (note.phase === 'answered' && !note.isCancelling) this.answeredAt.set(step, at)
    this.#recorder.tell({ kind: 'step', step, state: 'done', ms })
  }
}
