import type { Event } from '../../base/event.ts'
import type { MoveEvent, MoveOutcome } from '../protocol/move-event.ts'

/** A move under way, whoever drives it: the conductor in this process, or an agent far away. */
export interface MoveHandle {
  readonly job: string
  readonly onDidHappen: Event<MoveEvent>
  /** Never rejects. */
  readonly ended: Promise<MoveOutcome>
  /** Resolves when the request is under way; the end is an event. Rejects with `move-not-cancellable` past the point of no return, with why. */
  cancel(): Promise<void>
  /** MiB/s and milliseconds. Rejects with `move-ended`, or what libvirt says. */
  setLimits(change: { readonly bandwidthMiBps?: number; readonly downtimeMs?: number }): Promise<void>
  /** Resolves when the switch is under way. Rejects with `move-cannot-switch`. */
  switchToPostcopy(): Promise<void>
  /** Resumes a post-copy that lost its network. Rejects with `move-cannot-recover`. */
  recover(): Promise<void>
}

/** Where events are kept. */
export interface Journal {
  append(event: MoveEvent): void
  /** Durable before it resolves. */
  commit(event: MoveEvent): Promise<void> | void
}
