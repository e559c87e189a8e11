import type { Link } from './network.ts'

/** What agents in the way of a guest's memory make of it. */
export interface Carriage {
  /** Share of a page's bytes that crosses when it is sent for the first time, 0 to 1: the others are known at the far end. What is written again is new. */
  readonly crossing: number
  /** Post-copy's pages leave by the source's own wire, and the destination gathers them by its own; null where they go straight. */
  readonly scatter: { readonly out: readonly Link[]; readonly in: readonly Link[]; /** Bytes per ms. */ readonly limit: number } | null
  /** The last page has left the source. */
  onDrained(): void
  /** All of the memory is at the destination. */
  onArrived(): void
  onFailed(reason: string): void
}
