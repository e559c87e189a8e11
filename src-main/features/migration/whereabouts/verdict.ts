import type { Whereabouts } from '../../../contract/job.ts'
import type { ResolveStep } from '../../job/jobs.ts'

export type Place = Whereabouts['source']

/** What both hosts say of a VM. */
export interface Places {
  readonly source: Place
  readonly destination: Place
  /** The source is paused in mid-post-copy: it has not all of its memory any more and can never run again. */
  readonly isSourceSpent: boolean
}

export interface Names {
  readonly vm: string
  readonly source: string
  readonly destination: string
}

/** What became of a move, as far as the two answers tell. */
export type Fate = 'moved' | 'stayed' | 'moved-with-remains' | 'paused' | 'lost' | 'unclear'

interface Verdict {
  readonly fate: Fate
  readonly sentence: string
  readonly steps: readonly ResolveStep[]
}

/** The sentence for people, and the steps that are safe: nothing is resumed while the other host may run the VM. */
export function judgePlaces(places: Places, { vm, source, destination }: Names): Verdict {
  const { source: here, destination: there, isSourceSpent } = places
  const say = (fate: Fate, sentence: string, ...steps: ResolveStep[]): Verdict => ({ fate, sentence, steps })
  if (there === 'running') {
    switch (here) {
      case 'running':
        return say('unclear', `${vm} runs on both hosts at once. Suspend it on ${source} now: both write to the same disks.`, 'suspend-source')
      case 'paused':
        return say('moved-with-remains', `${vm} runs on ${destination}. The paused copy on ${source} is out of date and must never be resumed; it can be forced off there.`)
      case 'unreachable':
        return say('unclear', `${vm} runs on ${destination}. ${source} cannot be asked whether something of it is left there.`)
      default:
        return say('moved', `${vm} runs on ${destination}.`)
    }
  }
  if (here === 'running') {
    const rest = there === 'unreachable' ? ` ${destination} cannot be asked.` : there === 'paused' ? ` The copy on ${destination} is paused and not in use.` : ''
    return say(there === 'unreachable' || there === 'paused' ? 'unclear' : 'stayed', `${vm} runs on ${source}.${rest}`)
  }
  if (here === 'unreachable' || there === 'unreachable') return unreachable(places, { vm, source, destination })
  if (here === 'paused') {
    if (there === 'paused') return say('unclear', `${vm} is paused on both hosts. Nothing is resumed until it is known which copy is whole.`)
    if (isSourceSpent) return say('lost', `${vm} is paused on ${source} in the middle of a post-copy, and ${destination} has none of it any more: it cannot be resumed. It has to be started anew.`)
    return say('paused', `${vm} is paused on ${source}, and ${destination} does not run it: it can be resumed on ${source}.`, 'resume-source')
  }
  if (there === 'paused') return say('moved', `${vm} is on ${destination}, paused.`)
  if (here === 'absent' && there === 'absent') return say('lost', `Neither host knows ${vm} any more.`)
  if (here === 'absent') return say('moved', `${vm} is on ${destination}, off.`)
  if (there === 'absent') return say('stayed', `${vm} is on ${source}, off.`)
  return say('moved-with-remains', `${vm} is defined on both hosts, and off on both.`)
}

function unreachable({ source: here, destination: there }: Places, { vm, source, destination }: Names): Verdict {
  const silent = here === 'unreachable' ? (there === 'unreachable' ? `${source} and ${destination}` : source) : destination
  const known =
    here === 'paused' ? ` It is paused on ${source}: do not resume it before ${destination} has answered.` : there === 'paused' ? ` On ${destination} it is paused.` : ''
  return { fate: 'unclear', sentence: `Where ${vm} is cannot be said: ${silent} cannot be asked.${known}`, steps: [] }
}
