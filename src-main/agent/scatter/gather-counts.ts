import { z } from 'zod'

const count = z.number().int().min(0)

/** What the destination counts and tells the source, cumulative. Of depots: their bits. */
export const gatherCounts = z.object({
  /** Pages that QEMU has got since the switch. */
  delivered: count,
  /** Bytes. `rack`: from depots. */
  toQemu: count,
  rack: count,
  /** Pages that the guest waited for, by who answered. */
  direct: count,
  depot: count,
  waiting: count,
  distrusted: count,
  /** Needed, out of reach and dialled again. */
  away: count,
  lost: count,
})
export type GatherCounts = z.infer<typeof gatherCounts>

export const noCounts: GatherCounts = { delivered: 0, toQemu: 0, rack: 0, direct: 0, depot: 0, waiting: 0, distrusted: 0, away: 0, lost: 0 }
