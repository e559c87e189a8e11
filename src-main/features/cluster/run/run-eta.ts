import type { Run } from '../../../contract/run.ts'

/** Share of the memory after which what was seen says more than what was forecast. */
const trusted = 0.05

/**
 * Seconds left as a range: from the forecast at first, then from the share of the memory that has moved in the time that it took; never less than a move that is going on
 * says of itself, since much of what has crossed of a busy guest crosses again. Null while nothing says anything, and where a move does not end by itself.
 */
export function etaOf(run: Run, now: number): Run['eta'] {
  const own = run.rows.flatMap(({ state, eta }) => (state.state === 'moving' && eta ? [eta] : []))
  if (run.state.state !== 'running' || own.includes('not-converging')) return null
  const ends = own.filter((eta) => eta !== 'not-converging')
  const all = ofAll(run, now)
  if (!all || ends.length === 0) return all
  return [Math.max(all[0], ...ends.map(([low]) => low)), Math.max(all[1], ...ends.map(([, high]) => high))]
}

function ofAll({ rows, forecastSeconds, createdAt }: Run, now: number): Run['eta'] {
  const planned = rows.filter(({ how }) => how !== 'stay')
  const total = planned.reduce((sum, { memoryKiB }) => sum + memoryKiB, 0)
  const done = planned.reduce((sum, row) => sum + row.memoryKiB * (row.state.state === 'waiting' ? 0 : row.state.state === 'moving' ? (row.progress ?? 0) : 1), 0)
  const begun = Math.min(...planned.map(({ startedAt }) => startedAt ?? now), now)
  const elapsed = (now - Math.max(begun, createdAt)) / 1000
  const share = total > 0 ? done / total : 0
  if (share >= trusted) {
    const left = (elapsed / share) * (1 - share)
    return [Math.round(left * 0.75), Math.round(left * 1.35)]
  }
  return forecastSeconds && [Math.max(0, Math.round(forecastSeconds[0] - elapsed)), Math.max(1, Math.round(forecastSeconds[1] - elapsed))]
}
