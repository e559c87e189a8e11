import { planRoutes } from './plan-routes.ts'
import type { Planner } from './plan/planner.ts'
import type { Rules } from './rules/rules.ts'
import { runRoutes, type RunRoutesParts } from './run-routes.ts'

/** Plans and runs, each from its own file: what is decided, and what is being carried out. */
export function clusterRouter(parts: RunRoutesParts & { readonly planner: Planner; readonly rules: Rules }) {
  return { ...planRoutes(parts), ...runRoutes(parts) }
}
