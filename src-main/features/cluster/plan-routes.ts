import { implement } from '@orpc/server'
import type { Caller } from '../../base/wire.ts'
import { clusterContract } from '../../contract/cluster.ts'
import { Failure } from '../../base/failure.ts'
import type { Rules } from './rules/rules.ts'

/** Plans, and the rules that they keep. */
export function planRoutes({ rules }: { rules: Rules }) {
  const os = implement(clusterContract).$context<Caller>()
  const later = (): never => {
    throw new Failure('not-ready', 'This is not built yet.')
  }
  return {
    plan: os.plan.handler(later),
    rules: os.rules.handler(() => rules.list()),
    putRule: os.putRule.handler(({ input }) => rules.put(input)),
    removeRule: os.removeRule.handler(({ input }) => rules.remove(input.id)),
  }
}
