import { Emitter } from '../../base/event.ts'
import { isDeepStrictEqual } from 'node:util'
import type { MoveControls, MoveEvent, MoveHappening, MovePhase } from '../protocol/move-event.ts'
import type { Journal } from './move-handle.ts'

/** Numbers, dates, journals and tells what happens, and remembers what is said only when it changes. */
export class Recorder {
  readonly #journal: Journal
  readonly #happened = new Emitter<MoveEvent>()
  #seq = 0
  #phase: MovePhase = 'preparing'
  #controls: MoveControls | null = null
  #hasCrossedSwitch = false

  readonly onDidHappen = this.#happened.event

  constructor(journal: Journal) {
    this.#journal = journal
  }

  get phase(): MovePhase {
    return this.#phase
  }

  /** Whether StartPostCopy was accepted, or may have been. */
  get hasCrossedSwitch(): boolean {
    return this.#hasCrossedSwitch
  }

  crossSwitch(consequence: string): void {
    this.#hasCrossedSwitch = true
    this.tell({ kind: 'no-return', state: 'crossed', consequence })
  }

  tell(happening: MoveHappening): void {
    const event = this.#stamp(happening)
    this.#journal.append(event)
    this.#happened.fire(event)
  }

  /** As {@link tell}, durable when it resolves. */
  async commit(happening: MoveHappening): Promise<void> {
    const event = this.#stamp(happening)
    await this.#journal.commit(event)
    this.#happened.fire(event)
  }

  enter(phase: MovePhase): void {
    if (phase === this.#phase && this.#seq > 1) return
    this.#phase = phase
    this.tell({ kind: 'phase', phase })
  }

  control(controls: MoveControls): void {
    if (isDeepStrictEqual(controls, this.#controls)) return
    this.#controls = controls
    this.tell({ kind: 'controls', controls })
  }

  log(level: 'info' | 'warning' | 'error', text: string): void {
    this.tell({ kind: 'log', level, text })
  }

  #stamp(happening: MoveHappening): MoveEvent {
    this.#seq += 1
    return { ...happening, seq: this.#seq, t: Date.now() }
  }
}
