import type { Finding, MovePlan } from '../../../contract/migration.ts'
import type { Way } from './assemble.ts'

/** Milliseconds for which findings are believed once more when the move begins. */
const believedMs = 15_000

interface Known {
  readonly findings: readonly Finding[]
  readonly way: Way
}

/** Findings that were just shown, and the way that was found, so that "Move" does not ask both hosts everything a second time. */
export class RecentPreflights {
  readonly #known = new Map<string, Known & { readonly at: number }>()

  keep(plan: MovePlan, known: Known): void {
    const now = performance.now()
    for (const [key, { at }] of this.#known) if (now - at > believedMs) this.#known.delete(key)
    this.#known.set(JSON.stringify(plan), { at: now, findings: known.findings, way: known.way })
  }

  /** Taken out: the next move of the same plan is looked at anew. null where there are none, or they are too old. */
  take(plan: MovePlan): Known | null {
    const key = JSON.stringify(plan)
    const known = this.#known.get(key)
    this.#known.delete(key)
    return known && performance.now() - known.at <= believedMs ? known : null
  }
}
