import { implement } from '@orpc/server'
import type { Caller } from '../../base/wire.ts'
import { clusterContract } from '../../contract/cluster.ts'
import { enterMaintenance, leaveMaintenance, shutDownHost } from './maintenance/maintenance.ts'
import type { Planner } from './plan/planner.ts'
import { askEmptiness } from './run/emptiness.ts'
import type { RunParts } from './run/run-parts.ts'
import type { Runs } from './run/runs.ts'

export interface RunRoutesParts {
  readonly runs: Runs
  readonly parts: RunParts
  readonly planner: Pick<Planner, 'elsewhere'>
  readonly who: string
  /** Whether a move touches the host. */
  readonly isMoving: (host: string) => boolean
}

/** Runs of plans, maintenance, and the placements that came of them. */
export function runRoutes({ runs, parts, planner, who, isMoving }: RunRoutesParts) {
  const os = implement(clusterContract).$context<Caller>()
  return {
    start: os.start.handler(({ input }) => runs.start(input)),
    watchRuns: os.watchRuns.handler(({ signal }) => runs.watchAll(signal)),
    watchRun: os.watchRun.handler(({ input, signal }) => runs.watch(input.run, input.subscription, signal)),
    ack: os.ack.handler(({ input }) => runs.ack(input.subscription, input.seq)),
    pause: os.pause.handler(({ input }) => runs.open(input.run).pause('Paused by the user: nothing new begins.')),
    resume: os.resume.handler(({ input }) => runs.open(input.run).resume()),
    setParallelism: os.setParallelism.handler(({ input }) => runs.open(input.run).setParallelism(input)),
    skip: os.skip.handler(({ input }) => runs.skip(input.run, input.vm)),
    retry: os.retry.handler(({ input: { run, vm, destination } }) => {
      const { row, request } = runs.rowOf(run, vm)
      const other = destination === undefined && request.kind === 'evacuate' && row.destination !== null ? planner.elsewhere(row.vm, row.destination) : null
      runs.retry(run, vm, destination ?? other?.destination ?? null, other?.why)
    }),
    cancel: os.cancel.handler(({ input }) => runs.open(input.run).cancel(input.mode)),
    emptiness: os.emptiness.handler(({ input }) => {
      parts.hosts.record(input.host)
      return askEmptiness(input.host, parts)
    }),
    enterMaintenance: os.enterMaintenance.handler(({ input }) => enterMaintenance(input.host, { reason: input.reason, who }, parts)),
    leaveMaintenance: os.leaveMaintenance.handler(({ input }) => leaveMaintenance(input.host, parts)),
    shutDownHost: os.shutDownHost.handler(({ input }) => shutDownHost(input.host, input.confirm, { ...parts, who, isBusy: (host) => runs.isBusy(host) || isMoving(host) })),
    placements: os.placements.handler(({ input }) => parts.store.placements.list(input)),
  }
}
