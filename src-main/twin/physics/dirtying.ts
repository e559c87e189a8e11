/** One way in which a guest writes to its memory: so many pages a second of so many that it ever writes to. */
export interface Dirtying {
  readonly pagesPerSecond: number
  /** The pages that are written again and again. */
  readonly workingSet: number
  /** `random`: each write hits any page of the working set. `sweep`: from its start to its end, and again. */
  readonly pattern: 'random' | 'sweep'
}

/**
 * Distinct pages that are dirty after `milliseconds`, when none was at first. A sweep has written each page once before it comes back to one; random writes hit more and
 * more often what is dirty already: W × (1 − e^(−rt/W)), the expected number of distinct ones among rt draws of W (the working-set model of Denning, CACM 11/1968;
 * the same saturation is what Clark et al. measured as the writable working set, NSDI 2005). `share`: of its time that the guest runs, 0 to 1.
 */
export function distinctPages({ pagesPerSecond, workingSet, pattern }: Dirtying, milliseconds: number, share = 1): number {
  if (workingSet <= 0 || milliseconds <= 0) return 0
  const writes = (pagesPerSecond * share * milliseconds) / 1000
  return pattern === 'sweep' ? Math.min(workingSet, writes) : workingSet * -Math.expm1(-writes / workingSet)
}

/** Of several ways at once, over pages of their own. */
export function dirtied(ways: readonly Dirtying[], milliseconds: number, share = 1): number {
  let pages = 0
  for (const way of ways) pages += distinctPages(way, milliseconds, share)
  return pages
}
