import type { Maintenance } from '../../../../src-main/contract/host.ts'
import { formatAge } from '../../../ui/format.ts'

/** Maintenance in a word or two. */
export function maintenanceWord(maintenance: Maintenance): string {
  return maintenance.state === 'in' ? 'In maintenance' : 'Entering maintenance'
}

/** Why, who and since when, in one line. */
export function maintenanceDetail({ reason, who, since }: Maintenance, now: number): string {
  return [reason || 'no reason given', who && `by ${who}`, formatAge(since, now)].filter(Boolean).join(', ')
}
