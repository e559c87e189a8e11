/**
 * Pages of one VM by what became of them, and the bytes that this took. `unique`: their content crossed. `inVm`: the same VM had such a page before. `acrossVms`: another VM of the gang had.
 * `alreadyThere`: the destination's rack had it from elsewhere, from another host or from a VM that runs there, so that it crossed inside the rack at most. `zero`: filled with one byte. `filled`: of those that were referred to, the ones that
 * the destination had to ask for after all. `coreBytes`: what the source sent for this VM. `rackBytes`: what other hosts of the destination's rack were told to send to it.
 * A page that is sent again in a later round counts again.
 */
export interface PageCounts {
  unique: number
  inVm: number
  acrossVms: number
  alreadyThere: number
  zero: number
  filled: number
  coreBytes: number
  rackBytes: number
}

export function noPages(): PageCounts {
  return { unique: 0, inVm: 0, acrossVms: 0, alreadyThere: 0, zero: 0, filled: 0, coreBytes: 0, rackBytes: 0 }
}
