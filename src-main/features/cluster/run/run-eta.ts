import type { Run } from '../../../contract/run.ts'

/** Share of the memory after which what was seen says more than what was forecast. */
const trusted = 0.05

/** Seconds left as a range: from the forecast at first, then from the share of the memory that has moved in the time that it took. Null while neither says anything. */
export function etaOf({ rows, forecastSeconds, createdAt, state }: Run, now: number): Run['eta'] {
  if (state.state !== 'running') return null
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
