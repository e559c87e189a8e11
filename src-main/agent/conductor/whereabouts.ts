import type { Connection } from '../../libvirt/client/connection.ts'
import { presenceOf, type Presence } from '../../libvirt/drive/presence.ts'
import { judge, type Whereabouts } from '../../libvirt/drive/undecided.ts'
import type { MoveWhereabouts, Place } from '../protocol/move-event.ts'

/** Asks both daemons; null stands for one that could not be reached. Rejects only with the signal's reason. */
export async function locate(source: Connection | null, destination: Connection | null, uuid: string, options: { deadlineMs: number; signal?: AbortSignal }): Promise<Whereabouts> {
  const ask = (connection: Connection | null): Promise<Presence> =>
    connection ? presenceOf(connection, uuid, options) : Promise.resolve({ kind: 'unanswered', error: new Error('It cannot be reached.') })
  const [atSource, atDestination] = await Promise.all([ask(source), ask(destination)])
  return judge(atSource, atDestination)
}

/** The one place of a presence, as it is shown. */
export function placeOf(presence: Presence): Place {
  if (presence.kind === 'unanswered') return 'unreachable'
  if (presence.kind === 'absent') return 'absent'
  if (presence.kind === 'inactive') return 'off'
  return presence.state.state === 'paused' || presence.state.state === 'pmsuspended' ? 'paused' : 'running'
}

/**
 * The truth in a sentence. `steps` are those that the app can take (the contract's `resolve`): `resume-source`, `suspend-source`.
 * `hasFinished`: Finish was sent, so that the guest may have run at the destination. `hasPerformed` false: this move never came to Perform, so that a source that
 * moves or stands still by a move does so by somebody else's, which may take the VM to a third host.
 */
export function whereaboutsOf(
  found: Whereabouts,
  names: { readonly source: string; readonly destination: string },
  hasFinished: boolean,
  hasPerformed = true,
): MoveWhereabouts {
  if (isOthersMove(found, hasPerformed)) {
    const verdict =
      found.verdict === 'moving'
        ? `A move of the VM from ${names.source}, begun by somebody else, is under way. Ask again when it has ended.`
        : `The VM stands still on ${names.source} in a move that somebody else has begun: it may run on a third host by now. Do not resume it before you know.`
    return { source: placeOf(found.source), destination: placeOf(found.destination), verdict, steps: [] }
  }
  const steps = found.steps.filter((step) => step === 'resume-source' || step === 'suspend-source')
  return { source: placeOf(found.source), destination: placeOf(found.destination), verdict: sentenceOf(found, names, hasFinished), steps }
}

/** Whether the source is moving, or stands still by a move, that was not this one. */
export function isOthersMove({ verdict }: Whereabouts, hasPerformed: boolean): boolean {
  return !hasPerformed && (verdict === 'paused-at-source' || verdict === 'moving')
}

function sentenceOf({ verdict, source, destination }: Whereabouts, at: { source: string; destination: string }, hasFinished: boolean): string {
  switch (verdict) {
    case 'at-source':
      if (placeOf(source) !== 'paused') return `The VM runs on ${at.source}, as before the move.`
      return hasFinished
        ? `The VM is suspended on ${at.source} and does not exist on ${at.destination}. It may have run there: resume it only if you know that it has not.`
        : `The VM is on ${at.source}, suspended, as before the move.`
    case 'at-destination':
      return `The VM is on ${at.destination}${placeOf(destination) === 'paused' ? ', suspended' : ' and runs'}.`
    case 'paused-at-source':
      return `The VM is paused on ${at.source}, and ${at.destination} has proven to have no copy: it is safe to resume it on ${at.source}.`
    case 'left-behind':
      return `The VM is on ${at.destination}. The copy that is left on ${at.source} is stale: never resume it.`
    case 'moving':
      return `libvirt is still at work on the move between ${at.source} and ${at.destination}. Ask again in a moment.`
    case 'postcopy':
      return `The VM runs on ${at.destination} and still fetches memory from ${at.source}. End neither copy.`
    case 'postcopy-broken':
      return `The VM stands still: part of its memory is on ${at.source}, part on ${at.destination}. Recover the move when the hosts reach each other; end neither copy.`
    case 'lost':
      return `The VM is lost: it had left ${at.source} in part, and one of its two parts is gone. What is left must not be resumed.`
    case 'twice':
      return `Both hosts report the VM as running. Suspend the copy on ${at.source} at once, before both write to the same disks.`
    case 'off':
      return `The VM is off${source.kind === 'inactive' ? (destination.kind === 'inactive' ? ' on both hosts' : ` on ${at.source}`) : ` on ${at.destination}`}.`
    case 'gone':
      return `Neither ${at.source} nor ${at.destination} knows the VM.`
    case 'unknown':
      return silence(source, destination, at)
  }
}

function silence(source: Presence, destination: Presence, at: { source: string; destination: string }): string {
  if (source.kind === 'unanswered' && destination.kind === 'unanswered') return `Neither ${at.source} nor ${at.destination} answers. Start the VM nowhere until both have.`
  const [silent, other, answer] = source.kind === 'unanswered' ? [at.source, at.destination, placeOf(destination)] : [at.destination, at.source, placeOf(source)]
  if (answer === 'running') return `The VM runs on ${other}. ${silent} does not answer; a copy there must not be resumed.`
  const seen = { paused: 'is paused', off: 'is off', absent: 'does not exist', unreachable: 'cannot be seen' }[answer]
  return `${silent} does not answer, and the VM ${seen} on ${other}. It may run on ${silent}: start it nowhere else until that has answered.`
}
