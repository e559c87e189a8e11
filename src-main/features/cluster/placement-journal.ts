import type { Placement } from '../../contract/cluster.ts'
import type { Job } from '../../contract/job.ts'
import type { Disposable } from '../../base/disposable.ts'
import { messageOf } from '../../base/failure.ts'
import type { Log } from '../../base/log.ts'
import type { Store } from '../../store/store.ts'
import type { Jobs } from '../job/jobs.ts'
import type { Runs } from './run/runs.ts'

interface JournalParts {
  readonly jobs: Pick<Jobs, 'onDidChange' | 'list'>
  readonly runs: Pick<Runs, 'ofJob'>
  readonly store: Pick<Store, 'placements'>
  readonly log: Log
  readonly who: string
}

/** Jobs that are looked at for moves that nobody wrote down. */
const catchUpDepth = 200

/** Writes down every move that came about, whoever asked for it; the caller disposes it. */
export function keepPlacements(parts: JournalParts): Disposable {
  return parts.jobs.onDidChange((job) => {
    const placement = placementOf(job, parts)
    if (placement) void write(placement, parts)
  })
}

/** Writes down what the last process did not get to: it was killed right then, or its disk was full. Called once jobs and runs are there again. Rejects with a Failure of the store. */
export async function catchUpPlacements(parts: JournalParts): Promise<void> {
  for (const job of await parts.jobs.list({ limit: catchUpDepth })) {
    const placement = placementOf(job, parts)
    if (placement && !(await parts.store.placements.get(placement.id))) await write(placement, parts)
  }
}

async function write(placement: Placement, { store, log }: JournalParts): Promise<void> {
  await store.placements.add(placement).catch((thrown: unknown) => log.error({ job: placement.id, err: messageOf(thrown) }, 'the store did not take the placement'))
}

function placementOf(job: Job, { runs, who }: JournalParts): Placement | null {
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
    ...(job.gang ? { gang: job.gang.id } : {}),
    ...(job.pages ? { pages: { classes: job.pages.classes, bytes: job.pages.bytes, sourceFreeMs: job.pages.sourceFreeMs } } : {}),
  }
}
