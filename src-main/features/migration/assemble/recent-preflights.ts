import type { Finding, MovePlan } from '../../../contract/migration.ts'

/** Milliseconds for which findings are believed once more when the move begins. */
const believedMs = 15_000

/** Findings that were just shown, so that "Move" does not ask both hosts everything a second time. */
export class RecentPreflights {
  readonly #known = new Map<string, { readonly at: number; readonly findings: readonly Finding[] }>()

  keep(plan: MovePlan, findings: readonly Finding[]): void {
    const now = performance.now()
    for (const [key, { at }] of this.#known) if (now - at > believedMs) this.#known.delete(key)
    this.#known.set(JSON.stringify(plan), { at: now, findings })
  }

  /** Taken out: the next move of the same plan is looked at anew. null where there are none, or they are too old. */
  take(plan: MovePlan): readonly Finding[] | null {
    const key = JSON.stringify(plan)
    const known = this.#known.get(key)
    this.#known.delete(key)
    return known && performance.now() - known.at <= believedMs ? known.findings : null
  }
}
