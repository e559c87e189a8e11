import type { Guest } from '../guest.ts'

/**
 * What VMs share beside pages of zeros, as shares of their content: VMs that do the same are taken to be clones of one image, others are unlike machines, which have under 15 % in
 * common (Barker et al., USENIX ATC 2012).
 */
const common = { inVm: 0.05, clones: 0.6, others: 0.1 }
/** Pages that an agent looks at in each VM. */
const sampledPerVm = 4096

/** What the agent at a destination has read of the VMs that run there: their kinds, and which part of what they hold. */
export interface Residents {
  readonly kinds: ReadonlySet<string>
  readonly part: number
}
const nobody: Residents = { kinds: new Set(), part: 0 }

/** What an agent gets of VMs that run on its host when it keeps so many bytes of them. */
export function residentsOf(guests: readonly Guest[], mostBytes: number): Residents {
  const bytes = guests.reduce((sum, { usedBytes }) => sum + usedBytes, 0)
  return bytes === 0 ? nobody : { kinds: new Set(guests.map(({ about }) => about.process.kind)), part: Math.min(1, mostBytes / bytes) }
}

/** What a VM of that kind has that the destination's own VMs hold, and what those before it brought beside that. */
export function sharesAfter(kind: string, kinds: ReadonlySet<string>, residents = nobody): { inVm: number; across: number; there: number } {
  const withThose = (known: ReadonlySet<string>) => (known.has(kind) ? common.clones : known.size > 0 ? common.others : 0)
  const there = withThose(residents.kinds) * residents.part
  return { inVm: common.inVm, across: Math.max(0, withThose(kinds) - there), there }
}

/** The same as an agent would find by looking at some pages, in shares of all pages. */
export function sampledSharing(guests: readonly Guest[]): { sampled: number; zero: number; inVm: [number, number]; acrossVms: [number, number] } {
  const pages = Math.max(1, guests.reduce((sum, guest) => sum + guest.pages, 0))
  const kinds = new Set<string>()
  let [inVm, across] = [0, 0]
  for (const { about, used } of guests) {
    const shares = sharesAfter(about.process.kind, kinds)
    kinds.add(about.process.kind)
    inVm += used * shares.inVm
    across += used * shares.across
  }
  const around = (share: number): [number, number] => [share * 0.8, Math.min(1, share * 1.3)]
  return { sampled: guests.length * sampledPerVm, zero: 1 - guests.reduce((sum, { used }) => sum + used, 0) / pages, inVm: around(inVm / pages), acrossVms: around(across / pages) }
}
