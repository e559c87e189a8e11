import { nameOf } from './names.ts'

// virDomainState and the reasons of each, libvirt-domain.h

export const domainStates = {
  nostate: 0,
  running: 1,
  blocked: 2,
  paused: 3,
  shutdown: 4,
  shutoff: 5,
  crashed: 6,
  pmsuspended: 7,
} as const

export const domainStateName = nameOf(domainStates, 'unknown')

export const runningReasons = {
  unknown: 0,
  booted: 1,
  migrated: 2,
  restored: 3,
  'from-snapshot': 4,
  unpaused: 5,
  'migration-canceled': 6,
  'save-canceled': 7,
  wakeup: 8,
  crashed: 9,
  postcopy: 10,
  'postcopy-failed': 11,
} as const

export const pausedReasons = {
  unknown: 0,
  user: 1,
  migration: 2,
  save: 3,
  dump: 4,
  ioerror: 5,
  watchdog: 6,
  'from-snapshot': 7,
  'shutting-down': 8,
  snapshot: 9,
  crashed: 10,
  'starting-up': 11,
  postcopy: 12,
  'postcopy-failed': 13,
  'api-error': 14,
} as const

export const shutdownReasons = {
  unknown: 0,
  user: 1,
} as const

export const shutoffReasons = {
  unknown: 0,
  shutdown: 1,
  destroyed: 2,
  crashed: 3,
  migrated: 4,
  saved: 5,
  failed: 6,
  'from-snapshot': 7,
  daemon: 8,
} as const

export const crashedReasons = {
  unknown: 0,
  panicked: 1,
} as const

const running = nameOf(runningReasons, 'unknown')
const paused = nameOf(pausedReasons, 'unknown')
const shutdown = nameOf(shutdownReasons, 'unknown')
const shutoff = nameOf(shutoffReasons, 'unknown')
const crashed = nameOf(crashedReasons, 'unknown')

/** A state with its reason, both by name. */
export type DomainState =
  | { readonly state: 'running'; readonly reason: ReturnType<typeof running> }
  | { readonly state: 'paused'; readonly reason: ReturnType<typeof paused> }
  | { readonly state: 'shutdown'; readonly reason: ReturnType<typeof shutdown> }
  | { readonly state: 'shutoff'; readonly reason: ReturnType<typeof shutoff> }
  | { readonly state: 'crashed'; readonly reason: ReturnType<typeof crashed> }
  | { readonly state: 'nostate' | 'blocked' | 'pmsuspended' | 'unknown'; readonly reason: 'unknown' }

/** Names what domainGetState, domain stats and Begin answer as two numbers. */
export function domainStateOf(state: number, reason: number): DomainState {
  const name = domainStateName(state)
  switch (name) {
    case 'running':
      return { state: name, reason: running(reason) }
    case 'paused':
      return { state: name, reason: paused(reason) }
    case 'shutdown':
      return { state: name, reason: shutdown(reason) }
    case 'shutoff':
      return { state: name, reason: shutoff(reason) }
    case 'crashed':
      return { state: name, reason: crashed(reason) }
    default:
      return { state: name, reason: 'unknown' }
  }
}
