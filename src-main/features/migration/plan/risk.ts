import type { MoveOptions } from '../../../contract/migration.ts'

/** What a lost connection of this computer, or a failure after the point of no return, would cost; in words of one or two sentences. */
export function riskOf(options: Pick<MoveOptions, 'technique' | 'storage'>, driver: 'agent' | 'app', names: { vm: string; source: string; destination: string }): string {
  const { vm, source, destination } = names
  if (options.technique === 'offline') {
    const copy = options.storage === 'none' ? '' : ` Its disks cross this computer: if it goes away meanwhile, what was copied stays behind in ${destination}’s pool.`
    return `${vm} is off, so nothing of it can be lost: it stays defined on ${source} until ${destination} has it.${copy}`
  }
  const switches = options.technique !== 'precopy'
  const after = `After the switch to post-copy ${vm} is on both hosts at once: if either of them fails before the end, it is lost`
  if (driver === 'agent') {
    const going = `${source} drives the move itself: it goes on when this computer sleeps or loses its connection.`
    return switches ? `${going} ${after}; if only their network fails, it pauses and can be recovered.` : `${going} If it fails, ${vm} goes on running on ${source}.`
  }
  const hangs = `This computer drives the move. If its connection is lost while memory is copied, ${vm} goes on running on ${source}`
  const pause = `in the moment of the hand-over it would be left paused there until Drover is back`
  return switches ? `${hangs}; ${pause}. ${after}, and so it is if this computer’s connection is lost in the moment of the switch.` : `${hangs}; ${pause}.`
}
