import type { Connection } from '../client/connection.ts'
import { presenceOf, type AskOptions, type Presence } from './presence.ts'

/** Where the one living copy of a domain is. */
export type Verdict =
  /** Runs, or stands still by its owner's wish, on one side; nothing dangerous on the other. */
  | 'at-source'
  | 'at-destination'
  /** The source's copy is the living one and stands still because of the move; the destination has proven to have none. */
  | 'paused-at-source'
  /** The destination has it, and the source holds a paused copy that must never run again. */
  | 'left-behind'
  /** A move is still at work. */
  | 'moving'
  /** Switched to post-copy: each side has a part of its memory. */
  | 'postcopy'
  /** The same, and interrupted: it can be resumed. */
  | 'postcopy-broken'
  /** One side of an interrupted post-copy is gone, and with it a part of the memory. */
  | 'lost'
  /** Runs on both sides: data is being damaged. */
  | 'twice'
  | 'off'
  | 'gone'
  /** A daemon did not answer, so nothing may be concluded. */
  | 'unknown'

/** What may safely be done next; never anything that could make a second copy run or destroy the only one. */
export type SafeStep = 'wait' | 'ask-again' | 'resume-source' | 'suspend-source' | 'confirm-source' | 'resume-postcopy'

export interface Whereabouts {
  readonly source: Presence
  readonly destination: Presence
  readonly verdict: Verdict
  readonly steps: readonly SafeStep[]
}

/** Asks both daemons, at the same time, where a domain is. Rejects only with the signal's reason. */
export async function whereIs(source: Connection, destination: Connection, uuid: string, options: AskOptions = {}): Promise<Whereabouts> {
  const [atSource, atDestination] = await Promise.all([presenceOf(source, uuid, options), presenceOf(destination, uuid, options)])
  return judge(atSource, atDestination)
}

type Condition = 'unknown' | 'none' | 'off' | 'running' | 'held' | 'moving' | 'paused' | 'postcopy' | 'broken'

/** One side's answer in terms of a move: `paused` is by the move, `held` by somebody's wish or a fault of its own. */
function conditionOf(presence: Presence): Condition {
  if (presence.kind === 'unanswered') return 'unknown'
  if (presence.kind === 'absent') return 'none'
  if (presence.kind === 'inactive') return 'off'
  const { state, job } = presence
  const isMigrating = job?.operation === 'migration-in' || job?.operation === 'migration-out'
  if (state.reason === 'postcopy-failed') return 'broken'
  if (state.reason === 'postcopy') return 'postcopy'
  if (state.state === 'paused') {
    const isBusy = isMigrating || job?.operation === 'unknown'
    if (state.reason === 'migration' || state.reason === 'starting-up') return isBusy ? 'moving' : 'paused'
    if (state.reason === 'unknown' && isMigrating) return 'moving'
  }
  if (state.state === 'running') return isMigrating ? 'moving' : 'running'
  return 'held'
}

/** The truth out of two answers. */
export function judge(source: Presence, destination: Presence): Whereabouts {
  const { verdict, steps } = verdictOf(conditionOf(source), conditionOf(destination))
  return { source, destination, verdict, steps }
}

const isAbsent = (condition: Condition): boolean => condition === 'none' || condition === 'off'
const isLiving = (condition: Condition): boolean => condition === 'running' || condition === 'held'

function verdictOf(source: Condition, destination: Condition): { verdict: Verdict; steps: readonly SafeStep[] } {
  // A daemon's silence allows no conclusion.
  if (source === 'unknown' || destination === 'unknown') return { verdict: 'unknown', steps: ['ask-again'] }
  if (source === 'none' && destination === 'none') return { verdict: 'gone', steps: [] }
  if (isAbsent(source) && isAbsent(destination)) return { verdict: 'off', steps: [] }

  if (destination === 'broken' || source === 'broken') {
    if (source === 'broken' && destination === 'broken') return { verdict: 'postcopy-broken', steps: ['resume-postcopy'] }
    // libvirt marks a source whose driver went as broken although its QEMU goes on serving pages.
    if (source === 'broken' && (destination === 'postcopy' || destination === 'moving')) return { verdict: 'postcopy', steps: ['wait'] }
    if (source === 'broken' && isLiving(destination)) return { verdict: 'left-behind', steps: ['confirm-source'] }
    if (source === 'postcopy' || source === 'moving') return { verdict: 'postcopy', steps: ['wait'] }
    if (isLiving(source)) return { verdict: 'twice', steps: ['suspend-source'] }
    return { verdict: 'lost', steps: [] }
  }
  if (source === 'postcopy' || destination === 'postcopy') {
    if (isLiving(source) || source === 'moving')
      return destination === 'postcopy' ? { verdict: 'twice', steps: ['suspend-source'] } : { verdict: 'moving', steps: ['wait'] }
    if (source === 'postcopy' && isAbsent(destination)) return { verdict: 'lost', steps: [] }
    if (source === 'postcopy' && isLiving(destination)) return { verdict: 'left-behind', steps: ['confirm-source'] }
    if (isAbsent(source)) return { verdict: 'lost', steps: [] }
    return { verdict: 'postcopy', steps: ['wait'] }
  }
  if (source === 'moving') return { verdict: 'moving', steps: ['wait'] }
  if (isLiving(source)) {
    if (isAbsent(destination)) return { verdict: 'at-source', steps: [] }
    // An incoming copy that nobody finishes goes with its driver's connection.
    if (destination === 'moving' || destination === 'paused') return { verdict: 'moving', steps: ['wait'] }
    return source === 'running' && destination === 'running'
      ? { verdict: 'twice', steps: ['suspend-source'] }
      : { verdict: 'left-behind', steps: source === 'held' ? ['confirm-source'] : ['suspend-source'] }
  }
  if (source === 'paused') {
    if (isAbsent(destination)) return { verdict: 'paused-at-source', steps: ['resume-source'] }
    if (isLiving(destination)) return { verdict: 'left-behind', steps: ['confirm-source'] }
    return { verdict: 'moving', steps: ['wait'] }
  }
  if (destination === 'moving' || destination === 'paused') return { verdict: 'moving', steps: ['wait'] }
  return { verdict: 'at-destination', steps: [] }
}
