import { planRoutes } from './plan-routes.ts'
import { runRoutes } from './run-routes.ts'

/** Plans and runs, each from its own file: what is decided, and what is being carried out. */
export function clusterRouter() {
  return { ...planRoutes(), ...runRoutes() }
}
