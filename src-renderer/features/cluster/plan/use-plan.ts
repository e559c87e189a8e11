import { onScopeDispose, shallowRef, watch, type Ref } from 'vue'
import type { Plan, PlanRequest, PlanRow } from '../../../../src-main/contract/plan.ts'
import type { Problem } from '../../../../src-main/contract/problem.ts'
import { connectBackend, type Watch } from '../../../backend.ts'
import { problemOf } from '../../settings/problem-of.ts'

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

/**
 * The plan for a request, asked anew whenever that changes; the last one stays on screen meanwhile. `isReckoning` until the first frame,
 * `problem` when there is no plan. Ends with the component.
 */
export function usePlan(request: () => PlanRequest): { plan: Readonly<Ref<Plan | null>>; problem: Readonly<Ref<Problem | null>>; isReckoning: Readonly<Ref<boolean>>; again: () => void } {
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
  return { plan, problem, isReckoning, again: ask }
}
