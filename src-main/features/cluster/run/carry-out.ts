import { randomUUID } from 'node:crypto'
import type { Job } from '../../../contract/job.ts'
import { moveOptions, type MoveOptions, type MovePlan } from '../../../contract/migration.ts'
import type { RunRow } from '../../../contract/run.ts'
import { Failure } from '../../../base/failure.ts'
import { problemOf } from '../../settings/problem.ts'
import { isActive } from '../../vm/state.ts'
import { gib } from '../placement/occupancy.ts'
import { shutDownGuest, startGuest } from './guest-power.ts'
import { whenSettled } from './job-end.ts'
import type { OpenRun } from './open-run.ts'
import { gangOf, type Direction } from './run-gang.ts'
import { isStoreFailure, type RunParts } from './run-parts.ts'
import { copyState, restoreGuest, savedStateOf, saveGuest } from './saved-state.ts'

export interface Errand {
  readonly row: RunRow
  readonly direction: Direction
  readonly from: string
  readonly to: string
  /** MiB/s for this move as things are now; null is no limit. */
  readonly share: () => number | null
  /** Its move has begun: from now on its limit can be changed. */
  readonly onBegun: () => void
  /** Aborts when the run is cancelled: what has not begun does not, what has is cancelled where it can be. */
  readonly signal: AbortSignal
}

/** What a guest that was stopped for its move needs to run again. */
type Wake = 'start' | 'restore'

/** Milliseconds until a VM that has arrived is seen there, and started. */
const wakeMs = 60_000

function wakeOf({ how }: RunRow): Wake | null {
  return how === 'save-and-move' ? 'restore' : how === 'shut-down-and-start' ? 'start' : null
}

/** Carries one row out, from the questions to both hosts to the guest that runs again. Rejects only with a Failure of the store: then nothing has begun. */
export async function carryOut(run: OpenRun, errand: Errand, parts: RunParts): Promise<void> {
  const { row, direction, to, signal } = errand
  const { uuid } = row.vm
  /** Set as long as the guest is off because of us, and still at home where it was. */
  let stopped: Wake | null = null
  try {
    run.setRow(uuid, { state: 'checking', since: parts.now() })
    if (direction === 'there') refuseMaintenance(to, parts)
    const wake = direction === 'there' && isRunning(errand, parts) ? wakeOf(row) : null
    if (wake) {
      await checked(errand, parts, { technique: 'offline' })
      run.setRow(uuid, { state: 'stopping', since: parts.now(), how: wake === 'restore' ? 'save' : 'shut-down' })
      if (wake === 'start') {
        run.say('info', `${row.name} is asked to shut down.`)
        await shutDownGuest(vmOf(errand), row.name, parts, signal)
        stopped = wake
      } else {
        run.say('info', `${row.name} is being saved to a file.`)
        const saved = await saveGuest(vmOf(errand), row.name, parts)
        stopped = wake
        await copyState(saved, to, parts, signal)
      }
    }
    const plan = await checked(errand, parts)
    const job = randomUUID()
    run.setRow(uuid, { state: 'moving', since: parts.now(), job, wake })
    // On disk before it begins: a restart then knows which job moves this VM, and what it needs afterwards.
    await parts.store.runs.put(run.view)
    const gang = gangOf(run.view, plan, direction)
    await parts.migration.start([{ job, plan }], { isPaced: true, ...(gang ? { gang } : {}) })
    errand.onBegun()
    const stop = () => void parts.migration.cancel(job).catch(() => {})
    signal.addEventListener('abort', stop, { once: true })
    if (signal.aborted) stop()
    const ended = await whenSettled(job, parts.jobs, (now) => advance(run, uuid, now, parts), new AbortController().signal).finally(() => signal.removeEventListener('abort', stop))
    // What the guest needs from here on is seen to there.
    stopped = null
    await settle(run, errand, ended, wake, parts)
  } catch (thrown) {
    const problem = problemOf(thrown)
    if (isStoreFailure(problem.code)) {
      run.setRow(uuid, direction === 'back' ? { state: 'failed', at: parts.now(), job: null, problem, whereabouts: null } : { state: 'waiting', reason: problem.message })
      throw thrown
    }
    if (signal.aborted) run.setRow(uuid, direction === 'back' ? { state: 'failed', at: parts.now(), job: null, problem, whereabouts: null } : { state: 'skipped', at: parts.now(), reason: 'The run was cancelled before its move began.' })
    else {
      run.say('error', `${row.name}: ${problem.message}`)
      run.setRow(uuid, { state: 'failed', at: parts.now(), job: null, problem, whereabouts: null })
    }
  } finally {
    if (stopped) await wakeAgain(run, errand, stopped, parts)
  }
}

/** What a row's job came to, and the guest that was stopped for it runs again: at the destination, or where it was. Never rejects. */
export async function settle(run: OpenRun, errand: Pick<Errand, 'row' | 'direction' | 'from' | 'to'>, ended: Job, wake: Wake | null, parts: RunParts): Promise<void> {
  const { row, direction, to } = errand
  const { uuid } = row.vm
  if (wake && ended.state.state === 'succeeded') {
    run.setRow(uuid, { state: 'starting', since: parts.now() })
    try {
      if (wake === 'start') await startGuest({ host: to, uuid }, parts, AbortSignal.timeout(wakeMs))
      else await restoreGuest(savedStateOf(row.vm), to, parts)
    } catch (thrown) {
      const problem = problemOf(thrown)
      run.say('error', `${row.name} is on ${parts.hosts.name(to)} and off: ${problem.message}`)
      return run.setRow(uuid, { state: 'failed', at: parts.now(), job: ended.id, problem: { ...problem, message: `${row.name} has moved but does not run: ${problem.message}` }, whereabouts: null })
    }
  }
  conclude(run, uuid, ended, direction, parts)
  if (wake && ended.state.state !== 'succeeded') await wakeAgain(run, errand, wake, parts)
}

/** What a row's job came to. A cancelled move leaves its VM where it was. */
function conclude(run: OpenRun, uuid: string, { id, state, createdAt, endedAt, ...job }: Job, direction: Direction, { now }: Pick<RunParts, 'now'>): void {
  const at = now()
  const row = run.row(uuid)
  switch (state.state) {
    case 'succeeded':
      if (direction === 'back') run.setRow(uuid, { state: 'returned', at, job: id })
      else run.setRow(uuid, { state: 'moved', at, job: id, seconds: state.result.totalMs / 1000, downtimeMs: state.result.guestGapMs ?? state.result.downtimeMs })
      run.say('info', `${row.name} is on ${job.destinationName}.`)
      return
    case 'cancelled':
      if (direction === 'back') run.setRow(uuid, { state: 'failed', at, job: id, problem: { code: 'cancelled', message: 'The move back was cancelled.' }, whereabouts: state.whereabouts })
      else run.setRow(uuid, { state: 'skipped', at, reason: state.whereabouts?.verdict ?? 'Its move was cancelled.' })
      return
    case 'failed':
    case 'uncertain':
      run.say('error', `${row.name}: ${state.problem.message} ${state.whereabouts?.verdict ?? ''}`.trim())
      run.setRow(uuid, { state: 'failed', at, job: id, problem: state.problem, whereabouts: state.whereabouts })
      return
    default:
      throw new Error(`job ${id} of ${createdAt} has not ended (${endedAt})`)
  }
}

/** Shows how far a row's move is. */
export function advance(run: OpenRun, uuid: string, job: Job, { jobs }: Pick<RunParts, 'jobs'>): void {
  run.advance(uuid, { progress: job.progress, eta: job.eta, throughput: jobs.open(job.id)?.samples.last?.throughput ?? null })
}

function vmOf({ row, from }: Errand) {
  return { host: from, uuid: row.vm.uuid }
}

/** Throws `vm-gone` where it is not there any more. */
function isRunning(errand: Errand, { inventory, hosts }: RunParts): boolean {
  const view = inventory.vm(vmOf(errand))
  if (!view) throw new Failure('vm-gone', `${errand.row.name} is no longer on ${hosts.name(errand.from)}.`, { next: 'Look where it is now; somebody else may have moved it.' })
  return isActive(view.state)
}

/** Asks both hosts once more, right before the move. Throws the first error that they have as a Failure. With `force` it is asked how it will be once the guest is off. */
async function checked(errand: Errand, parts: RunParts, force?: Partial<MoveOptions>): Promise<MovePlan> {
  const { row, to, signal } = errand
  const plan: MovePlan = { vm: vmOf(errand), destination: to, options: { ...optionsFor(errand, isRunning(errand, parts)), ...force } }
  refuseOverfill(errand, parts)
  const [answer] = await parts.migration.preflight([plan], signal)
  // Nobody looks at the warnings of a run: the one that costs other VMs their memory stops it as well.
  const error = answer?.findings.find(({ severity, code }) => (severity === 'error' && !(force && code === 'vm-running')) || code === 'memory-short')
  if (error) throw new Failure(error.code, error.message, { ...(error.evidence === undefined ? {} : { evidence: error.evidence }), next: error.next ?? `Try ${row.name} again when that is settled, or choose another host for it.` })
  return plan
}

/** The row's options, as far as they fit a VM that has been started or shut down since it was planned. */
function optionsFor({ row, share }: Errand, runs: boolean): MoveOptions {
  const wished = row.options ?? moveOptions.parse({ technique: 'precopy' })
  const technique = !runs ? 'offline' : wished.technique === 'offline' ? 'precopy' : wished.technique
  const storage = technique === 'offline' && wished.storage === 'incremental' ? 'full' : wished.storage
  const limits = [wished.bandwidthMiBps, share()].filter((value) => value !== null)
  return { ...wished, technique, storage, bandwidthMiBps: limits.length > 0 ? Math.min(...limits) : null }
}

/** A plan is as old as the run: what has been started on the destination since may have taken the place. */
function refuseOverfill(errand: Errand, parts: RunParts): void {
  const { row, to } = errand
  const total = parts.inventory.host(to)?.facts?.memoryKiB
  if (total === undefined || !isRunning(errand, parts)) return
  let taken = 0
  for (const vm of parts.inventory.vms()) if (vm.ref.host === to && vm.ref.uuid !== row.vm.uuid && isActive(vm.state)) taken += vm.memoryKiB
  if (taken + row.memoryKiB <= total) return
  throw new Failure('memory-short', `${parts.hosts.name(to)} has no room for ${row.name} any more.`, { evidence: `Its VMs have ${gib(taken)} of ${gib(total)} GiB, ${row.name} needs ${gib(row.memoryKiB)}.`, next: 'Choose another host, or make room there and try again.' })
}

function refuseMaintenance(to: string, { hosts }: RunParts): void {
  const { maintenance } = hosts.record(to)
  if (!maintenance) return
  throw new Failure('host-maintenance', `${hosts.name(to)} is in maintenance.`, { ...(maintenance.reason ? { evidence: maintenance.reason } : {}), next: 'Choose another host, or end the maintenance.' })
}

/** A guest that was stopped for a move that did not come about runs again where it was. */
async function wakeAgain(run: OpenRun, { row, from }: Pick<Errand, 'row' | 'from'>, wake: Wake, parts: RunParts): Promise<void> {
  const host = parts.hosts.name(from)
  const saved = savedStateOf(row.vm)
  try {
    if (wake === 'start') await startGuest({ host: from, uuid: row.vm.uuid }, parts, AbortSignal.timeout(wakeMs))
    else await restoreGuest(saved, from, parts)
    run.say('warning', `${row.name} was ${wake === 'start' ? 'shut down' : 'saved'} for its move and ${wake === 'start' ? 'has been started again' : 'goes on'} on ${host}.`)
  } catch (thrown) {
    const where = wake === 'start' ? '' : `; its state is in ${saved.path} on ${host}`
    run.say('error', `${row.name} was ${wake === 'start' ? 'shut down' : 'saved'} for its move and is off${where}: ${problemOf(thrown).message}`)
  }
}
