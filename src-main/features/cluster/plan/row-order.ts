import type { PlanRow } from '../../../contract/plan.ts'
import { rankOf } from '../placement/rule-book.ts'
import { likelySeconds, type TimedRow } from './timing.ts'

/** The order in which rows get their turn: by priority, then those that run, then the longest, so that none is left over at the end. Those that stay come last. */
export function inRunOrder(rows: readonly PlanRow[]): PlanRow[] {
  const time = new Map(rows.map((row) => [row, likelySeconds(row)]))
  const stays = (row: PlanRow) => Number(row.how === 'stay')
  const isOff = (row: PlanRow) => Number(row.how === 'offline')
  return [...rows].sort((a, b) => stays(a) - stays(b) || rankOf(a.priority) - rankOf(b.priority) || isOff(a) - isOff(b) || time.get(b)! - time.get(a)! || a.name.localeCompare(b.name))
}

/** The rows that move, as their timing sees them. */
export function timedRows(rows: readonly PlanRow[]): TimedRow[] {
  return rows.flatMap(({ vm, destination, how, options, forecast, memoryKiB }) =>
    how === 'stay' || destination === null || options === null ? [] : [{ key: vm.uuid, source: vm.host, destination, how, technique: options.technique, memoryKiB, forecast }],
  )
}
