import type { MoveEvent, MoveOutcome } from '../protocol/move-event.ts'
import type { MoveSpec } from '../protocol/move-spec.ts'
import type { Event } from '../../base/event.ts'
import type { PageRelay } from '../relay/page-relay.ts'
import type { ConductorTiming } from './conductor-timing.ts'
import { Conductor } from './conductor.ts'
import type { Journal, MoveHandle } from './move-handle.ts'
import type { DaemonAccess } from './side.ts'

export interface MoveSurroundings {
  readonly source: DaemonAccess
  readonly destination: DaemonAccess
  /** Where every event goes first. */
  readonly journal: Journal
  readonly driver: 'agent' | 'app'
  /** The way of the memory where the spec asks for one; made by whoever knows the host. */
  readonly relay?: PageRelay
  readonly timing?: Partial<ConductorTiming>
}

/**
 * Runs one move to its end, over connections of its own, and says all that happens. It starts at once; the first event comes after the caller
 * has had the time to subscribe. Nothing is ever stopped, undefined or powered off beyond what the five calls do.
 */
export function conduct(spec: MoveSpec, surroundings: MoveSurroundings): MoveHandle {
  const conductor = new Conductor(spec, surroundings)
  return {
    job: spec.job,
    onDidHappen: conductor.onDidHappen satisfies Event<MoveEvent>,
    ended: conductor.ended satisfies Promise<MoveOutcome>,
    cancel: () => conductor.cancel(),
    setLimits: (change) => conductor.setLimits(change),
    switchToPostcopy: () => conductor.switchToPostcopy(),
    recover: () => conductor.recover(),
  }
}
