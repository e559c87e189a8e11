import type { Job } from '../../../contract/job.ts'
import type { MovePlan } from '../../../contract/migration.ts'
import type { Run } from '../../../contract/run.ts'

/** Which way a row's VM goes: to its destination, or back to where it was. */
export type Direction = 'there' | 'back'

/** The place of a row in its run's gang: those of one way share what they have in common, whenever their turn comes. Named after the host that they leave. null where it is in none. */
export function gangOf(run: Run, plan: MovePlan, direction: Direction): NonNullable<Job['gang']> | null {
  if (plan.options.technique !== 'gang') return null
  const members = run.rows.filter(({ vm, how, options, destination }) => how === 'live' && options?.technique === 'gang' && (direction === 'there' ? vm.host : destination) === plan.vm.host)
  return { id: `gang-${direction}-${plan.vm.host.replaceAll(/[^A-Za-z0-9]/g, '').slice(0, 8)}-${run.id}`.slice(0, 64), size: Math.max(1, members.length), index: Math.max(0, members.findIndex(({ vm }) => vm.uuid === plan.vm.uuid)), destinations: direction === 'there' ? [...new Set(members.flatMap(({ destination }) => destination ?? []))] : [plan.destination] }
}
