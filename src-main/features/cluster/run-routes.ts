import { implement } from '@orpc/server'
import type { Caller } from '../../base/wire.ts'
import { clusterContract } from '../../contract/cluster.ts'
import { Failure } from '../../base/failure.ts'

/** Runs of plans, maintenance, and the placements that came of them. */
export function runRoutes() {
  const os = implement(clusterContract).$context<Caller>()
  const later = (): never => {
    throw new Failure('not-ready', 'This is not built yet.')
  }
  return {
    start: os.start.handler(later),
    watchRuns: os.watchRuns.handler(later),
    watchRun: os.watchRun.handler(later),
    ack: os.ack.handler(later),
    pause: os.pause.handler(later),
    resume: os.resume.handler(later),
    setParallelism: os.setParallelism.handler(later),
    skip: os.skip.handler(later),
    retry: os.retry.handler(later),
    cancel: os.cancel.handler(later),
    emptiness: os.emptiness.handler(later),
    enterMaintenance: os.enterMaintenance.handler(later),
    leaveMaintenance: os.leaveMaintenance.handler(later),
    shutDownHost: os.shutDownHost.handler(later),
    placements: os.placements.handler(later),
  }
}
