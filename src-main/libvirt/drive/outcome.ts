import type { Connection } from '../client/connection.ts'
import type { DomainState } from '../wire/constants/domain-state.ts'
import type { DomainRef } from '../wire/objects.ts'

export type MoveCall = 'begin' | 'prepare' | 'perform' | 'finish' | 'confirm'

/** One end of one call, told as it happens. `at`: milliseconds since the epoch with fractions, from a clock that does not jump. */
export type StepNote =
  | { readonly step: MoveCall; readonly phase: 'sent'; readonly isCancelling: boolean; readonly at: number }
  | { readonly step: MoveCall; readonly phase: 'answered'; readonly isCancelling: boolean; readonly at: number }
  | { readonly step: MoveCall; readonly phase: 'failed'; readonly isCancelling: boolean; readonly at: number; readonly error: Error }

/** What the source said of the domain after a move failed, or that it could not be asked. */
export type SourceAfter =
  { readonly kind: 'answered'; readonly state: DomainState } | { readonly kind: 'unanswered'; readonly error: Error }

/** Connections for settling: where the old ones are gone, new ones. The caller opens and closes them. */
export interface SettlingHands {
  readonly source: Connection
  readonly destination: Connection
  readonly signal?: AbortSignal
}

/** The stale copy of a domain that has moved. */
export interface LeftBehind {
  readonly error: Error
  /** Confirm once more. libvirt only takes it while it has not noticed that the connection of the move is gone. */
  confirm(source: Connection): Promise<void>
  /**
   * Confirm, and where libvirt has forgotten the move, do what Confirm would have done: end the paused copy and, if the plan says so,
   * undefine it. Both daemons are asked first; rejects with `not-left-behind` unless the domain is proven to live at the destination.
   */
  release(hands: SettlingHands): Promise<void>
}

export type Outcome =
  | {
      readonly outcome: 'moved'
      /** As the destination knows it; `id` -1 after an offline move. */
      readonly domain: DomainRef
      /** The source did not let go of its paused copy, which must never be resumed. */
      readonly leftBehind: null | LeftBehind
    }
  | {
      readonly outcome: 'failed'
      readonly at: MoveCall
      readonly error: Error
      /** The signal asked for it. */
      readonly isCancelled: boolean
      readonly source: SourceAfter
    }
  | {
      /** The answer that decides where the domain is did not come. Nothing was confirmed: ask with `settle`, as often as it takes. */
      readonly outcome: 'undecided'
      readonly at: 'perform' | 'finish'
      readonly error: Error
      settle(hands: SettlingHands): Promise<Outcome>
    }
