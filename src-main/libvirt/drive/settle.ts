import { delay } from '../../base/abort.ts'
import { Failure, messageOf } from '../../base/failure.ts'
import type { Connection } from '../client/connection.ts'
import { isLibvirtError } from '../client/libvirt-error.ts'
import type { Move } from './drive.ts'
import type { Outcome, SettlingHands } from './outcome.ts'
import { presenceOf, type Presence } from './presence.ts'

/** There is no event for "has become clear" that would survive the loss of a connection, so both daemons are asked again and again. */
const askEveryMs = 200

const noCookie = Buffer.alloc(0)

/**
 * Finish was not answered: the destination is asked until it is clear whether it has the domain, and only then is the source told.
 * Waits as long as that takes, at most until the signal; resolves to `undecided` again where the destination does not answer.
 */
export async function settleFinish(move: Move, error: Error, hands: SettlingHands): Promise<Outcome> {
  const presence = await whenClear(hands.destination, move.domain.uuid, hands.signal)
  if (presence.kind === 'unanswered') {
    return { outcome: 'undecided', at: 'finish', error: presence.error, settle: (again) => settleFinish(move, presence.error, again) }
  }
  if (presence.kind === 'active') {
    if (presence.state.reason === 'postcopy-failed') {
      return move.failed(
        'finish',
        new Failure('postcopy-broken', 'The post-copy was interrupted; it can be resumed.', { cause: error }),
        hands.source,
      )
    }
    const { dom } = await hands.destination.call('domainLookupByUuid', { uuid: move.domain.uuid })
    return move.arrived(hands.source, dom, noCookie)
  }
  if (presence.kind === 'inactive' && (await hasLivedThere(move, presence, hands.destination))) {
    return move.arrived(hands.source, { ...move.domain, name: move.plan.destinationName ?? move.domain.name }, noCookie)
  }
  await move.confirm(hands.source, noCookie, true).catch(() => {})
  await resumeIfPaused(move, hands.source)
  return move.failed('finish', error, hands.source)
}

/** It ran at the destination and has ended by itself since; or it came switched off, of which only the definition's being kept tells. */
async function hasLivedThere(move: Move, { state }: Presence & { kind: 'inactive' }, destination: Connection): Promise<boolean> {
  if (move.plan.flags.offline !== true) return state.reason === 'shutdown' || state.state === 'crashed'
  return (await destination.call('domainIsPersistent', { dom: move.domain })).isPersistent
}

/** Asks until the answer no longer depends on a Finish that may still be at work. */
async function whenClear(destination: Connection, uuid: string, signal: AbortSignal | undefined): Promise<Presence> {
  for (;;) {
    const presence = await presenceOf(destination, uuid, signal ? { signal } : {})
    if (!isInBetween(presence)) return presence
    await delay(askEveryMs, signal)
  }
}

function isInBetween(presence: Presence): boolean {
  if (presence.kind !== 'active') return false
  const { state, reason } = presence.state
  if (reason === 'postcopy') return true
  return state === 'paused' && (reason === 'migration' || reason === 'starting-up' || (reason === 'unknown' && presence.job !== null))
}

/**
 * Perform was not answered: the source went, or the way to it. Its daemon still has the job, or has undone it after a restart, or has
 * completed it. Before a switch to post-copy the move is undone; after it the destination is told to go on at once, since then only that
 * can save the domain. The destination's connection must still be the one that prepared it, else its copy is already gone.
 */
export async function settlePerform(move: Move, error: Error, hands: SettlingHands): Promise<Outcome> {
  const destination = move.hands.destination.isOpen ? move.hands.destination : hands.destination
  const again = (failure: Error): Outcome => ({
    outcome: 'undecided',
    at: 'perform',
    error: failure,
    settle: (next) => settlePerform(move, failure, next),
  })
  for (;;) {
    const presence = await presenceOf(hands.source, move.domain.uuid, hands.signal ? { signal: hands.signal } : {})
    if (presence.kind === 'unanswered') return again(presence.error)
    if (presence.kind !== 'active') {
      // Its QEMU died: there is nothing to go on with.
      return move.performFailed(error, hands.source)
    }
    const { state, job } = presence
    if (state.reason === 'postcopy' || state.reason === 'postcopy-failed') {
      if (move.hands.destination.isOpen) return move.goOn(hands.source)
      return move.failed('perform', error, hands.source)
    }
    if (job?.operation === 'migration-out') {
      // Refused when it has just been completed or undone: the next answer tells.
      await hands.source.call('domainAbortJob', { dom: move.domain }).catch((thrown: unknown) => {
        if (!isLibvirtError(thrown)) throw thrown
      })
      await delay(askEveryMs, hands.signal)
      continue
    }
    const outcome = await move.performFailed(error, hands.source)
    if (state.state !== 'paused' || state.reason !== 'migration') return outcome
    const atDestination = await presenceOf(destination, move.domain.uuid, hands.signal ? { signal: hands.signal } : {})
    if (atDestination.kind === 'unanswered') return again(atDestination.error)
    if (atDestination.kind === 'active') return settleFinish(move, error, { ...hands, destination })
    await resumeIfPaused(move, hands.source)
    return move.failed('perform', error, hands.source)
  }
}

/**
 * Wakes a source that the move has left standing still. Only to be called when the destination has proven to have no such domain.
 * libvirt itself forgets to when the connection that drove the move has gone.
 */
async function resumeIfPaused(move: Move, source: Connection): Promise<void> {
  if (move.plan.flags.paused === true) return
  const after = await move.sourceState(source)
  if (after.kind !== 'answered' || after.state.state !== 'paused' || after.state.reason !== 'migration') return
  try {
    await source.call('domainResume', { dom: move.domain })
  } catch (thrown) {
    move.hands.log?.warn({ domain: move.domain.name }, `could not be resumed at the source: ${messageOf(thrown)}`)
  }
}
