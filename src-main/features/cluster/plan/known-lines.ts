import type { RunSample } from '../../../contract/run-sample.ts'
import type { RunRepository } from '../../../store/runs.ts'

/** What a side of a host's network was seen to carry to several hosts at once, bytes per second; null where that never happened. */
export type KnownLine = (host: string, side: 'out' | 'in') => number | null

/** Runs that are looked at, newest first. */
const depth = 10
/** Seconds in a row for which a figure must have held: a move that is just ending shows its last one a moment longer. */
const steady = 3

/** Learns from the samples of past runs. A single move tells what its way carries, not what the host's own cable would carry to two hosts. Rejects with a Failure of the store. */
export async function knownLines(runs: Pick<RunRepository, 'listEnded' | 'samples'>): Promise<KnownLine> {
  const best = new Map<string, number>()
  for (const { id } of await runs.listEnded(depth)) {
    for (const [key, rate] of linesIn(await runs.samples(id))) best.set(key, Math.max(best.get(key) ?? 0, rate))
  }
  return (host, side) => best.get(`${side} ${host}`) ?? null
}

/** The most that held for {@link steady} samples in a row, by side and host; only where several ways were in use. */
export function linesIn(samples: readonly RunSample[]): Map<string, number> {
  const sums = samples.map(({ links }) => {
    const sides = new Map<string, { sum: number; ways: number }>()
    for (const [way, rate] of Object.entries(links)) {
      if (rate <= 0) continue
      const [source = '', destination = ''] = way.split('>')
      for (const key of [`out ${source}`, `in ${destination}`]) {
        const known = sides.get(key) ?? { sum: 0, ways: 0 }
        sides.set(key, { sum: known.sum + rate, ways: known.ways + 1 })
      }
    }
    return sides
  })
  const best = new Map<string, number>()
  for (let i = steady - 1; i < sums.length; i++) {
    for (const [key, { ways }] of sums[i]!) {
      const window = sums.slice(i - steady + 1, i + 1).map((sides) => sides.get(key))
      if (ways < 2 || window.some((each) => !each || each.ways < 2)) continue
      best.set(key, Math.max(best.get(key) ?? 0, Math.min(...window.map((each) => each!.sum))))
    }
  }
  return best
}
