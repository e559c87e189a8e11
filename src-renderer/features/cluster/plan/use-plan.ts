import { computed, onScopeDispose, shallowRef, watch, type Ref } from 'vue'
import type { Plan, PlanRequest, PlanRow } from '../../../../src-main/contract/plan.ts'
import type { Problem } from '../../../../src-main/contract/problem.ts'
import { connectBackend, type Watch } from '../../../backend.ts'
import { useHostStore } from '../../host/host-store.ts'
import { problemOf } from '../../settings/problem-of.ts'
import { useVmStore } from '../../vm/vm-store.ts'
import { basisOf, changesSince, type Basis, type PlanChange } from './plan-age.ts'

/** The new plan with the old row objects where nothing changed in them: only rows that did are drawn again. */
export function keepRows(before: Plan | null, next: Plan): Plan {
  if (!before) return next
  const known = new Map(before.rows.map((row) => [`${row.vm.host}/${row.vm.uuid}`, row]))
  const same = (row: PlanRow): PlanRow => {
    const old = known.get(`${row.vm.host}/${row.vm.uuid}`)
    return old && JSON.stringify(old) === JSON.stringify(row) ? old : row
  }
  return { ...next, rows: next.rows.map(same) }
}

export interface KeptPlan {
  readonly plan: Readonly<Ref<Plan | null>>
  /** Why there is no plan. */
  readonly problem: Readonly<Ref<Problem | null>>
  /** Until the first frame of the plan that was asked for last. */
  readonly isReckoning: Readonly<Ref<boolean>>
  /** What is not any more as it was when the plan was made. */
  readonly changes: Readonly<Ref<readonly PlanChange[]>>
  again(): void
}

/** The plan for a request, asked anew whenever that changes; the last one stays on screen meanwhile. Ends with the component. */
export function usePlan(request: () => PlanRequest): KeptPlan {
  const [hosts, vms] = [useHostStore(), useVmStore()]
  /** All frames of one plan are made from what was known when it was begun. */
  let basis: Basis | null = null
  const plan = shallowRef<Plan | null>(null)
  const problem = shallowRef<Problem | null>(null)
  const isReckoning = shallowRef(true)
  let current: Watch | undefined

  function ask(): void {
    current?.close()
    isReckoning.value = true
    const asked = request()
    const mine = connectBackend().watch<Plan>({
      open: (client, signal) => client.cluster.plan(asked, { signal }),
      onValue: (next) => {
        if (current !== mine) return
        problem.value = null
        if (isReckoning.value) basis = basisOf(next, vms.vms.values(), hosts.hosts.values())
        plan.value = keepRows(plan.value, next)
        isReckoning.value = false
      },
      onDrop: (error) => {
        const told = problemOf(error)
        if (current !== mine || told.code === 'backend-lost') return
        problem.value = told
        isReckoning.value = false
        mine.close()
      },
    })
    current = mine
  }

  watch(() => JSON.stringify(request()), ask, { immediate: true })
  onScopeDispose(() => current?.close())
  const changes = computed(() => {
    void [hosts.version, vms.version]
    return plan.value && basis && !isReckoning.value ? changesSince(basis, plan.value, vms.vms.values(), hosts.hosts.values()) : none
  })
  return { plan, problem, isReckoning, changes, again: ask }
}

const none: readonly PlanChange[] = []
