import { depotUses } from '../../../contract/depot.ts'
import type { PlanDepots, PlanRow } from '../../../contract/plan.ts'
import type { RowFacts } from './plan-row.ts'

/** What the scattered VMs of a plan have of depots, as far as their hosts were asked; null where no VM is scattered. */
export function depotsOf(rows: readonly PlanRow[], facts: readonly Pick<RowFacts, 'vm' | 'check'>[]): PlanDepots | null {
  const scattered = rows.filter(({ how, destination, options }) => (how === 'live' || how === 'stay') && destination !== null && options?.technique === 'scatter')
  if (scattered.length === 0) return null
  const checks = new Map(facts.map(({ vm, check }) => [vm.uuid, check]))
  const [first, ...others] = scattered.map(({ options }) => options?.depots ?? null)
  const replicas = new Set(scattered.map(({ options }) => options?.replicas ?? null))
  return {
    hosts: depotUses(scattered.map(({ vm }) => checks.get(vm.uuid)?.preflight.depots ?? [])),
    given: first && others.every((each) => JSON.stringify(each) === JSON.stringify(first)) ? first : null,
    replicas: replicas.size === 1 ? ([...replicas][0] ?? null) : null,
  }
}
