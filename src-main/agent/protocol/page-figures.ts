import { z } from 'zod'

const count = z.number().int().min(0)

/** What the agents know of a VM's pages on their way, cumulative. Counts are of 4 KiB pages unless a unit is said. */
export const pageFigures = z.object({
  /** What each page was: sent for the first time, the same as one of this VM or of another VM of the gang, known to the destination's rack, or filled with one byte. */
  classes: z.object({ unique: count, inVm: count, acrossVms: count, alreadyThere: count, zero: count }),
  /** Bytes. `core`: from the source to other hosts. `rack`: between agents beyond the source. */
  bytes: z.object({ fromQemu: count, core: count, rack: count, toQemu: count }),
  /** Intermediaries that hold pages. `away`: it is out of reach, needed, and dialled again. `distrusted`: it returned bytes that were not what it had been given. */
  depots: z.array(z.object({ name: z.string(), pages: count, bytes: count, state: z.enum(['up', 'away', 'lost', 'distrusted']) })),
  /** Pages that the destination's QEMU has not got yet; null where none are kept back. */
  backlog: count.nullable(),
  /** Pages that the guest waited for, by who answered; `waiting`: not answered yet. */
  faults: z.object({ direct: count, depot: count, waiting: count }),
  /** Since when the source's QEMU is drained and every page safe elsewhere, in milliseconds since the epoch. */
  sourceFreeAt: z.number().nullable(),
  /** The source may be powered off: its libvirt has let go of the VM, and every replica is acknowledged. */
  mayPowerOff: z.boolean(),
})
export type PageFigures = z.infer<typeof pageFigures>

export const noPageFigures: PageFigures = {
  classes: { unique: 0, inVm: 0, acrossVms: 0, alreadyThere: 0, zero: 0 },
  bytes: { fromQemu: 0, core: 0, rack: 0, toQemu: 0 },
  depots: [],
  backlog: null,
  faults: { direct: 0, depot: 0, waiting: 0 },
  sourceFreeAt: null,
  mayPowerOff: false,
}
