import type { Placement } from '../../contract/cluster.ts'
import type { Job } from '../../contract/job.ts'
import type { Disposable } from '../../base/disposable.ts'
import { messageOf } from '../../base/failure.ts'
import type { Log } from '../../base/log.ts'
import type { Store } from '../../store/store.ts'
import type { Jobs } from '../job/jobs.ts'
import type { Runs } from './run/runs.ts'

/** Writes down every move that came about, whoever asked for it; the caller disposes it. */
export function keepPlacements(parts: { jobs: Pick<Jobs, 'onDidChange'>; runs: Pick<Runs, 'ofJob'>; store: Pick<Store, 'placements'>; log: Log; who: string }): Disposable {
  return parts.jobs.onDidChange((job) => {
    const placement = placementOf(job, parts.runs, parts.who)
    if (placement) void parts.store.placements.add(placement).catch((thrown: unknown) => parts.log.error({ job: job.id, err: messageOf(thrown) }, 'the store did not take the placement'))
  })
}

function placementOf(job: Job, runs: Pick<Runs, 'ofJob'>, who: string): Placement | null {
  const { state, plan } = job
  if (state.state !== 'succeeded') return null
  const of = runs.ofJob(job.id)
  return {
    id: job.id,
    t: job.endedAt ?? Date.now(),
    vm: plan.vm.uuid,
    vmName: job.vmName,
    from: plan.vm.host,
    fromName: job.sourceName,
    to: plan.destination,
    toName: job.destinationName,
    technique: plan.options.technique,
    run: of?.run.id ?? null,
    kind: !of ? 'move' : of.run.bringsBack ? 'return' : of.run.request.kind,
    reason: of ? of.run.reason || of.row.why : '',
    who: of?.run.who ?? who,
    seconds: state.result.totalMs / 1000,
    downtimeMs: state.result.guestGapMs ?? state.result.downtimeMs,
    bytes: state.result.bytes,
  }
}
