import type { Finding, Forecast, Verdict } from '../../../contract/migration.ts'
import type { ObstacleChoice, PlanRow } from '../../../contract/plan.ts'
import type { ModelVm } from '../placement/model.ts'
import { errorsOf, noPlaceObstacle, obstacleOf } from './obstacle.ts'
import { wayAfter, type RowCheck, type Way } from './row-check.ts'

/** Everything that is known of a row. */
export interface RowFacts {
  readonly vm: ModelVm
  readonly isPersistent: boolean
  readonly sourceName: string
  readonly destination: string | null
  readonly destinationName: string | null
  readonly why: string
  /** False where the host that is set for it cannot take it. */
  readonly isPossible: boolean
  readonly way: Way
  readonly choice: ObstacleChoice
  readonly check: RowCheck | null
  /** From what is known without asking. */
  readonly forecast: Forecast | null
  readonly known: { readonly code: string; readonly message: string; readonly next?: string } | null
}

/** One row of the plan, without its slot. */
export function rowOf(facts: RowFacts): PlanRow {
  const { vm, destination, isPossible, check, way } = facts
  if (destination === null || !isPossible) return withoutPlace(facts)
  if (!check) return facts.known ? knownToStay(facts, facts.known) : { ...baseOf(facts), how: way.how, options: way.options, verdict: 'fits', findings: [], forecast: facts.forecast, isChecked: false, obstacle: null }
  const { preflight, around } = check
  const errors = errorsOf(preflight.findings)
  const isBlocked = preflight.verdict === 'blocked'
  const obstacle = isBlocked
    ? obstacleOf({
        vm: { name: vm.name, isPersistent: facts.isPersistent, hasManagedSave: vm.state === 'saved', isActive: vm.isActive },
        source: facts.sourceName,
        destination: facts.destinationName ?? destination,
        errors,
        chosen: around?.choice ?? 'leave',
        chosenErrors: around?.errors ?? [],
      })
    : null
  const isOpen = !obstacle || obstacle.choices.some(({ choice, whyNot }) => choice === obstacle.chosen && whyNot === null)
  const after = isOpen ? wayAfter(way, check) : null
  const shown = isBlocked && around && after ? { verdict: verdictWithout(around.preflight.findings), findings: around.preflight.findings.filter(({ severity }) => severity !== 'error'), forecast: around.preflight.forecast } : preflight
  return {
    ...baseOf(facts),
    how: after?.how ?? 'stay',
    options: after?.options ?? way.options,
    verdict: shown.verdict,
    findings: shown.findings,
    forecast: shown.forecast,
    isChecked: true,
    obstacle,
  }
}

/** A row that the user, or the plan, leaves where it is. */
export function stayingRow({ vm, decision, why }: { readonly vm: ModelVm; readonly decision: PlanRow['decision']; readonly why: string }): PlanRow {
  return { ...identity(vm), destination: null, how: 'stay', options: null, why, decision, verdict: 'fits', findings: [], forecast: null, slot: null, isChecked: true, obstacle: null }
}

function withoutPlace(facts: RowFacts): PlanRow {
  const { vm, sourceName, why, destination } = facts
  const finding: Finding = { code: destination === null ? 'no-host' : 'host-not-possible', severity: 'error', subject: 'placement', message: why, next: destination === null ? 'Make room, loosen a rule, or leave it where it is.' : 'Choose another host.' }
  return { ...baseOf(facts), how: 'stay', options: facts.way.options, verdict: 'blocked', findings: [finding], forecast: null, isChecked: true, obstacle: noPlaceObstacle(vm.name, sourceName, { code: finding.code, message: why, ...(finding.next ? { next: finding.next } : {}) }) }
}

/** Until both hosts have answered, what the inventory shows of it keeps it. */
function knownToStay(facts: RowFacts, problem: NonNullable<RowFacts['known']>): PlanRow {
  const finding: Finding = { ...problem, severity: 'error', subject: 'state' }
  return { ...baseOf(facts), how: 'stay', options: facts.way.options, verdict: 'blocked', findings: [finding], forecast: null, isChecked: false, obstacle: noPlaceObstacle(facts.vm.name, facts.sourceName, problem) }
}

function baseOf({ vm, destination, why }: RowFacts) {
  return { ...identity(vm), destination, why, decision: 'move' as const, slot: null }
}

function identity({ ref, name, state, memoryKiB, vcpus, priority }: ModelVm) {
  return { vm: { ...ref }, name, state, memoryKiB, vcpus, priority }
}

function verdictWithout(findings: readonly Finding[]): Verdict {
  return findings.some(({ severity }) => severity === 'warning') ? 'warns' : 'fits'
}
