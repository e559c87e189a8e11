import type { Guest } from '../guest.ts'
import type { HostCosts } from '../lab.ts'
import type { Carriage } from './carriage.ts'
import type { WorldClock } from '../time/world-clock.ts'
import type { Link, Network } from './network.ts'

export interface MigrationOptions {
  readonly clock: WorldClock
  readonly network: Network
  readonly guest: Guest
  readonly path: readonly Link[]
  readonly source: HostCosts
  readonly destination: HostCosts
  /** How much slower the hosts' busy CPUs make it, 1 or more. */
  readonly slowdown: () => number
  readonly autoConverge: { readonly initial: number; readonly increment: number } | null
  readonly canSwitch: boolean
  /** Bytes of disks to be copied first: all of them, and what of that has content. */
  readonly disk: { readonly total: number; readonly used: number }
  /** Bytes per ms, Infinity without a limit; ms. */
  readonly limit: number
  readonly postcopyLimit: number
  readonly downtimeMs: number
  /** null where the one QEMU speaks to the other. */
  readonly carriage: Carriage | null
  readonly on: {
    iteration(number: number): void
    status(word: 'setup' | 'active' | 'device' | 'postcopy-active' | 'completed' | 'failed' | 'cancelled' | 'postcopy-paused'): void
    /** The guest stands still at the source from now on. */
    stopped(): void
    /** Memory has all been sent (pre-copy), or the CPUs may start at the destination (post-copy). */
    handedOver(): void
    /** The last page of a post-copy has arrived. */
    arrived(): void
    failed(reason: string): void
  }
}

export type Phase = 'setup' | 'storage' | 'memory' | 'stopping' | 'handed-over' | 'postcopy' | 'paused' | 'completed' | 'failed' | 'cancelled'

/** What job statistics are made of; bytes, ms, pages. */
export interface MigrationFigures {
  readonly phase: Phase
  readonly elapsedMs: number
  readonly setupMs: number
  readonly memoryTotal: number
  readonly memoryRemaining: number
  readonly memoryTransferred: number
  readonly constantPages: number
  readonly normalPages: number
  readonly bytesPerSecond: number
  readonly dirtyPagesPerSecond: number
  readonly iteration: number
  readonly throttle: number
  readonly postcopyRequests: number
  readonly diskTotal: number
  readonly diskTransferred: number
  readonly downtimeMs: number
}
