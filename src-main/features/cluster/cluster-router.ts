import { planRoutes } from './plan-routes.ts'
import type { Rules } from './rules/rules.ts'
import { runRoutes } from './run-routes.ts'

/** Plans and runs, each from its own file: what is decided, and what is being carried out. */
export function clusterRouter(parts: { rules: Rules }) {
  return { ...planRoutes(parts), ...runRoutes() }
}
