import type { PlannedMove, PlanRequest } from '../../src-main/contract/plan.ts'
import type { Run, RunRow } from '../../src-main/contract/run.ts'
import { moveOptions, type MoveOptions } from '../../src-main/contract/migration.ts'
import { planRequest } from '../../src-main/contract/plan.ts'
import { uuidOf } from '../lab/guest-xml.ts'
import type { MoveRig } from './move-rig.ts'

export interface RowWish {
  readonly name: string
  readonly from: string
  readonly to: string | null
  readonly how?: PlannedMove['how']
  readonly options?: Partial<MoveOptions>
}

/** Rows of a plan as `cluster.start` takes them; waits until the inventory has the VMs. */
export async function rowsFor(rig: MoveRig, wishes: readonly RowWish[]): Promise<PlannedMove[]> {
  return Promise.all(
    wishes.map(async ({ name, from, to, how = 'live', options = {} }) => {
      const { vm } = await rig.plan(uuidOf(name), from, to ?? from)
      return { vm, name, destination: to === null ? null : rig.idOf(to), how, options: moveOptions.parse({ technique: 'precopy', ...options }), priority: 'normal' as const, why: 'For the test.' }
    }),
  )
}

export function evacuation(rig: MoveRig, host: string, more: Partial<PlanRequest> = {}): PlanRequest {
  return planRequest.parse({ kind: 'evacuate', host: rig.idOf(host), ...more })
}

export async function startRun(rig: MoveRig, request: PlanRequest, rows: readonly PlannedMove[], more: Partial<Parameters<MoveRig['runs']['start']>[0]> = {}): Promise<string> {
  const id = `run-${Math.random().toString(36).slice(2, 12)}`
  await rig.runs.start({ run: id, request, rows, reason: 'a test', isMaintenance: false, perHost: 2, perLink: 2, forecastSeconds: null, ...more })
  return id
}

/** The run as soon as `condition` holds. */
export async function runUntil(rig: MoveRig, id: string, condition: (run: Run) => boolean, what: string): Promise<Run> {
  const stop = AbortSignal.timeout(120_000)
  let seen: Run | undefined
  try {
    for await (const { runs } of rig.runs.watchAll(stop)) {
      seen = runs.find((run) => run.id === id) ?? seen
      if (seen && condition(seen)) return seen
    }
  } catch (thrown) {
    throw new Error(`Waited for ${what}: ${JSON.stringify({ state: seen?.state, rows: seen?.rows.map(({ name, state }) => ({ name, state })) }, null, 1)}`, { cause: thrown })
  }
  throw new Error('The stream ended.')
}

export const runEnded = (rig: MoveRig, id: string): Promise<Run> => runUntil(rig, id, ({ state }) => state.state === 'done', 'the end of the run')

export function rowOf(run: Run, name: string): RunRow {
  return run.rows.find((row) => row.name === name)!
}

export const countOf = (run: Run, state: RunRow['state']['state']): number => run.rows.filter((row) => row.state.state === state).length
