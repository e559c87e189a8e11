import { defineStore } from 'pinia'
import { shallowReactive } from 'vue'
import { freshDraft, type PlanDraft, type PlanKind } from './plan-draft.ts'

/** Drafts of plans by kind and subject: a page that comes to the front again finds its edits as they were. */
export const usePlanDraftsStore = defineStore('plan-drafts', () => {
  const drafts = shallowReactive(new Map<string, PlanDraft>())
  const key = (kind: PlanKind, of: string) => `${kind} ${of}`

  function draft(kind: PlanKind, of: string): PlanDraft {
    return drafts.get(key(kind, of)) ?? freshDraft(kind, of)
  }

  function keep(kind: PlanKind, of: string, next: PlanDraft): void {
    drafts.set(key(kind, of), next)
  }

  /** After its start a plan is done with; the next one begins fresh. */
  function drop(kind: PlanKind, of: string): void {
    drafts.delete(key(kind, of))
  }

  return { draft, keep, drop }
})
