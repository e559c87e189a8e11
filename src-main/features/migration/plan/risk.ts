import type { MoveOptions } from '../../../contract/migration.ts'
import { list } from '../preflight/finding.ts'
import { switchesEarly } from './relayed.ts'

interface Names {
  readonly vm: string
  readonly source: string
  readonly destination: string
  /** Of a scatter. */
  readonly depots?: readonly string[]
}

/** What a lost connection of this computer, or a failure after the point of no return, would cost; in words of one to four sentences. */
export function riskOf(options: Pick<MoveOptions, 'technique' | 'storage'> & Partial<Pick<MoveOptions, 'replicas'>>, driver: 'agent' | 'app', names: Names): string {
  const { vm, source, destination } = names
  if (options.technique === 'offline') {
    const copy = options.storage === 'none' ? '' : ` Its disks cross this computer: if it goes away meanwhile, what was copied stays behind in ${destination}’s pool.`
    return `${vm} is off, so nothing of it can be lost: it stays defined on ${source} until ${destination} has it.${copy}`
  }
  if (options.technique === 'scatter') return scatterRisk(options.replicas ?? 2, names)
  if (options.technique === 'gang') return `${source} drives the moves itself: they go on when this computer sleeps or loses its connection. If one fails, or an agent does, its VM goes on running on ${source}, and so does every other that has not switched yet.`
  const switches = switchesEarly(options.technique)
  const after = `After the switch to post-copy ${vm} is on both hosts at once: if either of them fails before the end, it is lost`
  if (driver === 'agent') {
    const going = `${source} drives the move itself: it goes on when this computer sleeps or loses its connection.`
    return switches ? `${going} ${after}; if only their network fails, it pauses and can be recovered.` : `${going} If it fails, ${vm} goes on running on ${source}.`
  }
  const hangs = `This computer drives the move. If its connection is lost while memory is copied, ${vm} goes on running on ${source}`
  const pause = `in the moment of the hand-over it would be left paused there until Drover is back`
  return switches ? `${hangs}; ${pause}. ${after}, and so it is if this computer’s connection is lost in the moment of the switch.` : `${hangs}; ${pause}.`
}

/** Who may fail when, in the order of time. */
function scatterRisk(replicas: number, { vm, source, destination, depots = [] }: Names): string {
  const held = depots.length === 0 ? 'the depots' : list(depots)
  const before = `${vm} runs on ${destination} at once, and ${source} must stay up only until it is free.`
  const loss =
    replicas === 1
      ? `From then on its memory is spread over ${held}, each page on one of them: if any of these fails before ${destination} has everything, ${vm} is lost.`
      : `From then on its memory is spread over ${held}, each page on ${replicas} of them: ${replicas - 1 === 1 ? 'one of these may fail' : `${replicas - 1} of these may fail`}, and not one more, before ${destination} has everything.`
  return `${before} ${loss} If ${destination} itself or its agent fails before the end, ${vm} is lost once ${source} has let go. Neither this computer nor its connection is needed.`
}
