import { z } from 'zod'
import { hostId } from './host.ts'

/** A host that holds pages of a scattered VM until its destination has them, or could, or why it cannot. */
export const depotCandidate = z.object({
  host: hostId,
  name: z.string(),
  isChosen: z.boolean(),
  /** It could be chosen. */
  isPossible: z.boolean(),
  /** MiB that it can spare, beside what it keeps for itself and what other moves were promised; null where it cannot be one. */
  spareMiB: z.number().nullable(),
  /** MiB of the VM that it has room for; never more than one copy. */
  capacityMiB: z.number(),
  /** Mbit/s of the slowest device that is known on the way from the source; null where none is. */
  mbps: z.number().nullable(),
  /** Why it was picked, or was not; words that follow its name and a colon. */
  why: z.string(),
})
export type DepotCandidate = z.infer<typeof depotCandidate>

/** The same for several VMs: `vms` is how many of them it would hold pages of. */
export const depotUse = depotCandidate.extend({ vms: z.number().int() })
export type DepotUse = z.infer<typeof depotUse>

/** What several VMs' plans say of the hosts, together: those that hold pages of any come first. A host that one of them goes to may be another's depot. */
export function depotUses(plans: readonly (readonly DepotCandidate[])[]): DepotUse[] {
  const uses = new Map<string, DepotUse>()
  for (const each of plans.flat()) {
    const before = uses.get(each.host)
    const vms = (before?.vms ?? 0) + Number(each.isChosen)
    // What the first that chose it says of it is as true for the others.
    const told = before && (before.isChosen || !each.isChosen) ? before : each
    uses.set(each.host, { ...told, isChosen: vms > 0, isPossible: told.isPossible || each.isPossible, capacityMiB: Math.max(before?.capacityMiB ?? 0, each.capacityMiB), vms })
  }
  const rank = ({ isChosen, isPossible }: DepotUse) => (isChosen ? 0 : isPossible ? 1 : 2)
  return [...uses.values()].sort((a, b) => rank(a) - rank(b))
}
