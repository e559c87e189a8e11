import { implement } from '@orpc/server'
import type { Caller } from '../../base/wire.ts'
import { clusterContract } from '../../contract/cluster.ts'
import type { Planner } from './plan/planner.ts'
import type { Rules } from './rules/rules.ts'

const never = new AbortController().signal

/** Plans, and the rules that they keep. */
export function planRoutes({ planner, rules }: { planner: Planner; rules: Rules }) {
  const os = implement(clusterContract).$context<Caller>()
  return {
    plan: os.plan.handler(({ input, signal = never }) => planner.plan(input, signal)),
    rules: os.rules.handler(() => rules.list()),
    putRule: os.putRule.handler(({ input }) => rules.put(input)),
    removeRule: os.removeRule.handler(({ input }) => rules.remove(input.id)),
  }
}
