import { planRequest, type PlanEdit, type PlanRequest } from '../../../../src-main/contract/plan.ts'
import type { VmRef } from '../../../../src-main/contract/vm.ts'

/** What the user asked of a plan so far, and what it was before each change. */
export interface PlanDraft {
  readonly request: PlanRequest
  /** Oldest first; `label` says what was changed then. */
  readonly past: readonly { readonly request: PlanRequest; readonly label: string }[]
}

export type PlanKind = PlanRequest['kind']
export type PlanLimits = Partial<Pick<PlanRequest, 'perHost' | 'perLink' | 'bandwidthMiBps' | 'staggerSeconds'>>

/** A plan as nobody has touched it. `of` is the host of an evacuation or return, the placement of an undo (empty for the last one). */
export function freshDraft(kind: PlanKind, of: string): PlanDraft {
  const request = kind === 'balance' ? { kind } : kind === 'undo' ? { kind, placement: of === '' ? null : of } : { kind, host: of }
  return { request: planRequest.parse(request), past: [] }
}

function changed(draft: PlanDraft, request: PlanRequest, label: string): PlanDraft {
  return { request, past: [...draft.past, { request: draft.request, label }] }
}

/** Other limits for all of the plan. */
export function withLimits(draft: PlanDraft, limits: PlanLimits, label: string): PlanDraft {
  return changed(draft, { ...draft.request, ...limits }, label)
}

const isOf = (ref: VmRef) => (edit: PlanEdit) => edit.vm.uuid === ref.uuid && edit.vm.host === ref.host

/** A change of some VMs' rows, laid over what was changed there before. It is one step for {@link undone}. An edit that changes nothing any more is dropped. */
export function withEdits(draft: PlanDraft, vms: readonly VmRef[], change: Partial<Omit<PlanEdit, 'vm'>>, label: string): PlanDraft {
  let { edits } = draft.request
  for (const vm of vms) {
    const before = edits.find(isOf(vm))
    const options = before?.options || change.options ? { ...before?.options, ...change.options } : undefined
    const next: PlanEdit = { decision: 'move', ...before, ...change, ...(options && { options }), vm }
    const isIdle = next.decision === 'move' && next.destination === undefined && next.options === undefined && next.choice === undefined
    edits = [...edits.filter((edit) => edit !== before), ...(isIdle ? [] : [next])]
  }
  return changed(draft, { ...draft.request, edits }, label)
}

/** Without the last change. */
export function undone(draft: PlanDraft): PlanDraft {
  const last = draft.past.at(-1)
  return last ? { request: last.request, past: draft.past.slice(0, -1) } : draft
}
