import { implement } from '@orpc/server'
import type { Caller } from '../../base/wire.ts'
import { migrationContract } from '../../contract/migration.ts'
import type { Migration } from './migration.ts'

const never = new AbortController().signal

export function migrationRouter(migration: Migration) {
  const os = implement(migrationContract).$context<Caller>()
  return {
    verdicts: os.verdicts.handler(({ input }) => migration.verdicts(input.vms)),
    preflight: os.preflight.handler(({ input, signal = never }) => migration.preflight(input.plans, signal)),
    sharing: os.sharing.handler(({ input, signal = never }) => migration.sharing(input.vms, signal)),
    fix: os.fix.handler(({ input, signal = never }) => migration.fix(input.plan, input.fix, signal)),
    start: os.start.handler(({ input }) => migration.start(input.moves)),
    cancel: os.cancel.handler(({ input }) => migration.cancel(input.job)),
    setLimits: os.setLimits.handler(({ input: { job, bandwidthMiBps, downtimeMs } }) =>
      migration.setLimits(job, { ...(bandwidthMiBps === undefined ? {} : { bandwidthMiBps }), ...(downtimeMs === undefined ? {} : { downtimeMs }) }),
    ),
    switchToPostcopy: os.switchToPostcopy.handler(({ input }) => migration.switchToPostcopy(input.job)),
    recover: os.recover.handler(({ input }) => migration.recover(input.job)),
  }
}
