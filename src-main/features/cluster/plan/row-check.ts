import { moveOptions, type Finding, type MoveOptions, type MovePlan, type Preflight } from '../../../contract/migration.ts'
import type { ObstacleChoice, PlanEdit, PlanHow } from '../../../contract/plan.ts'
import type { Settings } from '../../../contract/settings.ts'
import type { ModelVm } from '../placement/model.ts'
import { coldErrors, errorsOf, isSettledByCopy } from './obstacle.ts'

/** What both hosts said to one row, at one destination. */
export interface RowCheck {
  readonly destination: string
  /** Of the move as it is. */
  readonly preflight: Preflight
  /** Of the way that was chosen around an obstacle; null where there is none, or it was left. */
  readonly around: { readonly choice: ObstacleChoice; readonly preflight: Preflight; readonly errors: readonly Finding[] } | null
}

/** How a row would be carried out, and with which options. */
export interface Way {
  readonly how: PlanHow
  readonly options: MoveOptions
}

export type KeptOptions = Pick<Settings, 'defaultTechnique' | 'defaultBandwidthMiBps' | 'defaultDowntimeMs' | 'useAgent'>

/** The options that a drop would propose, with the user's changes; a VM that is off goes offline. */
export function wayOf(vm: ModelVm, edit: PlanEdit | undefined, kept: KeptOptions): Way {
  const changes = Object.fromEntries(Object.entries(edit?.options ?? {}).filter(([, value]) => value !== undefined))
  const options = moveOptions.parse({
    technique: kept.defaultTechnique,
    bandwidthMiBps: kept.defaultBandwidthMiBps,
    downtimeMs: kept.defaultDowntimeMs,
    driver: kept.useAgent ? 'auto' : 'app',
    ...changes,
    ...(vm.isActive ? {} : { technique: 'offline' }),
  })
  return { how: vm.isActive ? 'live' : 'offline', options }
}

/** The same around an obstacle. */
export function wayAround(way: Way, choice: ObstacleChoice): Way {
  switch (choice) {
    case 'copy-storage':
      return { how: way.how, options: { ...way.options, storage: 'full' } }
    case 'save-and-move':
    case 'shut-down-and-start':
      return { how: choice, options: { ...way.options, technique: 'offline' } }
    case 'leave':
      return { how: 'stay', options: way.options }
  }
}

/** Asks both hosts about a row. `preflight` rejects only with its signal's reason. */
export async function checkRow(row: { readonly vm: ModelVm; readonly destination: string; readonly way: Way; readonly choice: ObstacleChoice }, preflight: (plan: MovePlan) => Promise<Preflight>): Promise<RowCheck> {
  const { vm, destination, way, choice } = row
  const ask = async (options: MoveOptions) => strictly(await preflight({ vm: vm.ref, destination, options }))
  const asIs = await ask(way.options)
  if (asIs.verdict !== 'blocked' || choice === 'leave') return { destination, preflight: asIs, around: null }
  const other = wayAround(way, choice)
  let around = await ask(other.options)
  const errorsNow = () => (choice === 'copy-storage' ? errorsOf(around.findings) : coldErrors(around.findings, choice))
  // A VM that is stopped because its disks do not reach the destination needs them there all the same.
  if (choice !== 'copy-storage' && other.options.storage === 'none' && errorsNow().some(isSettledByCopy)) around = await ask({ ...other.options, storage: 'full' })
  return { destination, preflight: asIs, around: { choice, preflight: around, errors: errorsNow() } }
}

/** What the dialog of one move leaves to the user, a run does not do: nobody looks at it while other VMs would lose their memory. */
function strictly(preflight: Preflight): Preflight {
  if (!preflight.findings.some(({ code, severity }) => code === 'memory-short' && severity !== 'error')) return preflight
  return { ...preflight, verdict: 'blocked', findings: preflight.findings.map((finding) => (finding.code === 'memory-short' ? { ...finding, severity: 'error' } : finding)) }
}

/** How the row is carried out now that both hosts were asked; null where it is blocked. */
export function wayAfter(way: Way, { preflight, around }: RowCheck): Way | null {
  if (preflight.verdict !== 'blocked') return way
  if (!around || around.errors.length > 0) return null
  return { how: wayAround(way, around.choice).how, options: around.preflight.plan.options }
}
