import { implement } from '@orpc/server'
import type { Caller } from '../../base/wire.ts'
import { clusterContract } from '../../contract/cluster.ts'
import { Failure } from '../../base/failure.ts'

/** Plans, and the rules that they keep. */
export function planRoutes() {
  const os = implement(clusterContract).$context<Caller>()
  const later = (): never => {
    throw new Failure('not-ready', 'This is not built yet.')
  }
  return {
    plan: os.plan.handler(later),
    rules: os.rules.handler(later),
    putRule: os.putRule.handler(later),
    removeRule: os.removeRule.handler(later),
  }
}
