import type { MovePlan } from '../../libvirt/drive/plan.ts'
import type { MoveSpec } from '../protocol/move-spec.ts'
import type { ConductorTiming } from './conductor-timing.ts'
import type { Recorder } from './recorder.ts'
import type { Side } from './side.ts'
import type { StepNotes } from './step-notes.ts'

/** What all parts of one conductor share. */
export interface MoveContext {
  readonly spec: MoveSpec
  readonly plan: MovePlan
  /** For carrying on a broken post-copy. */
  readonly recoveryPlan: MovePlan
  readonly source: Side
  readonly destination: Side
  /** Of the hosts, for sentences. */
  readonly names: { readonly source: string; readonly destination: string }
  readonly recorder: Recorder
  readonly notes: StepNotes
  readonly timing: ConductorTiming
  /** Aborts when the move has ended, and never before. */
  readonly over: AbortSignal
  readonly course: Course
}

/** How far the move is; what may be commanded follows from it. */
export interface Course {
  /** `copying`: Perform is under way. `switched`: StartPostCopy was accepted. `finishing`: the destination is taking over after a pre-copy. */
  stage: 'preparing' | 'copying' | 'switched' | 'finishing' | 'recovering' | 'over'
  isCancelling: boolean
  /** A Finish that was no cancelling one was sent: the guest may have run at the destination. */
  hasFinished: boolean
  /** A StartPostCopy is on its way. */
  isSwitching: boolean
  /** The job has memory under way, so that a switch makes sense. */
  hasJob: boolean
  /** The connection that carries the five calls to the destination is gone: what was prepared there goes with it, so nothing may be switched to it. */
  hasLostDestination: boolean
  /** Post-copy without a byte for a while. */
  isStalled: boolean
}
