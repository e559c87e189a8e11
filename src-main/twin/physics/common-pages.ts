import type { Guest } from '../guest.ts'

/**
 * What VMs share beside pages of zeros, as shares of their content: VMs that do the same are taken to be clones of one image, others are unlike machines, which have under 15 % in
 * common (Barker et al., USENIX ATC 2012).
 */
const common = { inVm: 0.05, clones: 0.6, others: 0.1 }
/** Pages that an agent looks at in each VM. */
const sampledPerVm = 4096

/** What a VM of that kind has that those before it brought. */
export function sharesAfter(kind: string, kinds: ReadonlySet<string>): { inVm: number; across: number } {
  return { inVm: common.inVm, across: kinds.has(kind) ? common.clones : kinds.size > 0 ? common.others : 0 }
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
