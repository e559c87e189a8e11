/** Pages of one VM that were looked at: their names in the order of their places, null for pages of zeros. All VMs were looked at in the same places. */
export type SampledPages = readonly (string | null)[]

/** Shares of all pages, 0 to 1, as ranges where a sample cannot say it closer. */
export interface SharingEstimate {
  readonly sampled: number
  readonly zero: number
  /** Content that the same VM has in an earlier place. */
  readonly inVm: readonly [number, number]
  /** Content that an earlier VM has. */
  readonly acrossVms: readonly [number, number]
}

/**
 * Estimates what is the same from samples. `share`: of each VM's pages that were looked at, above 0. A page that is met in the same place of another VM is shared for certain. One that is met in
 * another place is the more telling the rarer its copies are: a single copy would be met with the probability `share` only, one of very many copies nearly always. The range is what
 * these two readings give (cf. Haas et al., VLDB 1995: the number of distinct values cannot be had from a sample any closer).
 */
export function estimateSharing(vms: readonly SampledPages[], share: number): SharingEstimate {
  const sampled = vms.reduce((sum, pages) => sum + pages.length, 0)
  const total = Math.max(1, sampled)
  const sums = { zero: 0, inVm: [0, 0] as [number, number], across: [0, 0] as [number, number] }
  const counts = vms.map(countOf)
  vms.forEach((pages, i) => {
    const before = new Map<string, number>()
    pages.forEach((name, place) => {
      if (name === null) return void sums.zero++
      const inVm = before.get(name) ?? 0
      before.set(name, inVm + 1)
      if (inVm > 0) return add(sums.inVm, weightOf(inVm, share))
      const copies = counts.slice(0, i).map((count) => count.get(name) ?? 0)
      const isAligned = vms.slice(0, i).some((other) => other[place] === name)
      const most = Math.max(0, ...copies)
      if (isAligned) add(sums.across, [1, 1])
      else if (most > 0) add(sums.across, weightOf(most, share))
    })
  })
  const rest = 1 - sums.zero / total
  const inVm = capped(sums.inVm, total, rest)
  return { sampled, zero: sums.zero / total, inVm, acrossVms: capped(sums.across, total, rest - inVm[0]) }
}

function countOf(pages: SampledPages): Map<string, number> {
  const counts = new Map<string, number>()
  for (const name of pages) if (name !== null) counts.set(name, (counts.get(name) ?? 0) + 1)
  return counts
}

/** How many pages one that has met so many copies stands for: at least, and at most where every copy is the only one. */
function weightOf(copies: number, share: number): [number, number] {
  const least = 1 / (1 - Math.exp(-copies))
  return copies > 1 ? [least, least] : [least, Math.max(least, 1 / share)]
}

function add(into: [number, number], [low, high]: readonly [number, number]): void {
  into[0] += low
  into[1] += high
}

function capped([low, high]: readonly [number, number], total: number, most: number): [number, number] {
  const cap = Math.max(0, most)
  return [Math.min(cap, low / total), Math.min(cap, high / total)]
}
