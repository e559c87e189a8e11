import { z } from 'zod'

const count = z.number().int().min(0)

/** What each 4 KiB page was: sent for the first time, the same as one of this VM or of another VM of its gang, known to the destination's rack, or filled with one byte. */
export const pageClasses = z.object({ unique: count, inVm: count, acrossVms: count, alreadyThere: count, zero: count })
export type PageClasses = z.infer<typeof pageClasses>

/** Bytes so far. `fromQemu` and `toQemu`: of the plain stream at both ends. `core`: from the source to other hosts. `rack`: between agents beyond the source. */
export const pageBytes = z.object({ fromQemu: count, core: count, rack: count, toQemu: count })

/** Requests for pages that the guest waited for, by who answered; `waiting`: not answered yet. */
export const pageFaults = z.object({ direct: count, depot: count, waiting: count })

/** What the agents know of a VM's memory on its way, from the beginning of the move. */
export const pageFigures = z.object({
  classes: pageClasses,
  bytes: pageBytes,
  /** Intermediaries that hold pages. `distrusted`: it returned bytes that were not what it had been given; they were not used. */
  depots: z.array(z.object({ name: z.string(), pages: count, bytes: count, state: z.enum(['up', 'away', 'lost', 'distrusted']) })),
  /** Pages that the destination has not got yet; null where none are kept back. */
  backlog: count.nullable(),
  faults: pageFaults,
  /** Milliseconds from the move's beginning until the source's QEMU was drained and every page safe elsewhere; null until then. By the source's clock alone. */
  sourceFreeMs: z.number().nullable(),
  /** As far as this VM goes, the source may be powered off: its libvirt has let go of the VM, and every replica is acknowledged. */
  mayPowerOff: z.boolean(),
})
export type PageFigures = z.infer<typeof pageFigures>

/** The same at one moment, as samples keep it. `depots`: bytes that each holds, in the order of the job's. */
export const pageSample = z.object({ classes: pageClasses, bytes: pageBytes, backlog: count.nullable(), faults: pageFaults, depots: z.array(count) })
export type PageSample = z.infer<typeof pageSample>
