/** What a failure past the point of no return would mean. Said before it is crossed. */
export function switchConsequence(at: { source: string; destination: string }): string {
  return (
    `From the switch on, the VM’s memory is on both hosts until the rest has arrived. Losing ${at.source}, ${at.destination} or their daemons before the destination has taken over loses the VM; ` +
    'a lost network between them only stops it until the move is recovered. The move can no longer be cancelled.'
  )
}

export function handOverConsequence(at: { source: string; destination: string }): string {
  return `When all memory has arrived, ${at.destination} takes over. If it does not answer in that moment, the VM stands still on ${at.source} until ${at.destination} has been asked.`
}

export const notCancellable = {
  switched: 'The VM has been switched to the destination: its memory is on both hosts, and only finishing the move brings it together.',
  handedOver: 'The destination is taking over.',
} as const

export const cancelEffect = (source: string) => `The move stops and the VM runs on at ${source}.`
