import type { Finding, Preflight } from '../../../contract/migration.ts'
import type { Obstacle, ObstacleChoice } from '../../../contract/plan.ts'
import type { Problem } from '../../../contract/problem.ts'
import type { VmView } from '../../../contract/vm.ts'

/** Findings about the VM itself: at another host they would be the same. */
const ofTheVm: ReadonlySet<string> = new Set([
  'vm-busy', 'vm-crashed', 'vm-sleeping', 'vm-gone', 'move-running', 'managed-save', 'snapshots', 'source-read-only', 'host-device', 'nic-passthrough', 'nic-vdpa', 'shared-memory',
  'disk-transient', 'disk-block-job', 'disk-nvme', 'disk-vhost', 'disk-volume-missing', 'launch-security', 'tpm-passthrough', 'cpu-invtsc', 'memory-device-file', 'memory-sgx', 'memory-virtio-mem', 'host-offline',
])
/** Errors that only stand because the guest runs on while it moves. */
const ofTheLiveMove: ReadonlySet<string> = new Set(['vm-running', 'disk-transient', 'cpu-passthrough-differs', 'cpu-invtsc', 'cpu-tsc-frequency', 'tpm-passthrough', 'shared-memory', 'nic-vdpa', 'disk-unsafe', 'disk-cache', 'huge-pages-short', 'security-model', 'userfaultfd', 'route-none', 'route-unresolved', 'route-filtered', 'route-loopback', 'graphics-address', 'memory-virtio-mem', 'memory-sgx'])
/** Of these, those that a saved memory image does not get around. */
const staysWithMemory: ReadonlySet<string> = new Set(['cpu-passthrough-differs', 'cpu-invtsc', 'cpu-tsc-frequency', 'tpm-passthrough', 'shared-memory', 'nic-vdpa', 'disk-transient', 'memory-sgx', 'huge-pages-short'])
/** QEMU does not save a guest that holds a piece of its host's hardware. */
const unsavable: ReadonlySet<string> = new Set(['host-device', 'nic-passthrough', 'nic-vdpa', 'launch-security', 'memory-sgx', 'filesystem', 'tpm-passthrough', 'shared-memory'])

export function errorsOf(findings: readonly Finding[]): Finding[] {
  return findings.filter(({ severity }) => severity === 'error')
}

/** Whether some other host might take the VM all the same. */
export function isAboutHost({ findings }: Preflight): boolean {
  return !errorsOf(findings).some(({ code }) => ofTheVm.has(code))
}

/** Whether copying its disks would settle the error. */
export function isSettledByCopy({ fix }: Finding): boolean {
  return fix?.kind === 'option' && fix.options.storage === 'full'
}

/** Errors that stand in the way of a VM that is stopped for its move; it is looked at as if it were off. */
export function coldErrors(findings: readonly Finding[], how: 'save-and-move' | 'shut-down-and-start'): Finding[] {
  return errorsOf(findings).filter(({ code }) => !ofTheLiveMove.has(code) || (how === 'save-and-move' && staysWithMemory.has(code)))
}

export interface ObstacleFacts {
  readonly vm: Pick<VmView, 'name' | 'isPersistent' | 'hasManagedSave'> & { readonly isActive: boolean }
  readonly source: string
  readonly destination: string
  /** What the move as it is ran into. Not empty. */
  readonly errors: readonly Finding[]
  readonly chosen: ObstacleChoice
  /** What the chosen way ran into; empty where it can be taken. */
  readonly chosenErrors: readonly Finding[]
}

/** What is in the way of a move, and what can be chosen instead. */
export function obstacleOf(facts: ObstacleFacts): Obstacle {
  const { errors, vm, source, destination, chosen, chosenErrors } = facts
  const whyNot = (choice: ObstacleChoice, known: string | null) => known ?? (choice === chosen ? (chosenErrors[0]?.message ?? null) : null)
  return {
    problem: problemOf(errors[0]!),
    fix: errors.find((error) => error.fix && !isSettledByCopy(error))?.fix ?? null,
    choices: [
      { choice: 'copy-storage', effect: `Its disks are copied to ${destination}${vm.isActive ? ' while it runs on' : ''}; it uses the copies from then on.`, whyNot: whyNot('copy-storage', noCopy(errors)) },
      { choice: 'save-and-move', effect: `${vm.name} stands still: its memory is written to disk on ${source}, and it goes on where it was on ${destination}.`, whyNot: whyNot('save-and-move', noSave(facts)) },
      { choice: 'shut-down-and-start', effect: `The guest is asked to shut down, and ${vm.name} is started anew on ${destination}.`, whyNot: whyNot('shut-down-and-start', noShutDown(facts)) },
      { choice: 'leave', effect: `${vm.name} stays on ${source} as it is.`, whyNot: null },
    ],
    chosen,
  }
}

/** An obstacle that no choice gets around: there is no host for the VM, or not the one that was wished for. */
export function noPlaceObstacle(name: string, source: string, problem: Problem): Obstacle {
  return {
    problem,
    fix: null,
    choices: [
      { choice: 'copy-storage', effect: 'Its disks are copied.', whyNot: problem.message },
      { choice: 'save-and-move', effect: 'Its memory is written to disk, and it goes on elsewhere.', whyNot: problem.message },
      { choice: 'shut-down-and-start', effect: 'The guest is asked to shut down, and started anew elsewhere.', whyNot: problem.message },
      { choice: 'leave', effect: `${name} stays on ${source} as it is.`, whyNot: null },
    ],
    chosen: 'leave',
  }
}

function noCopy(errors: readonly Finding[]): string | null {
  if (!errors.some(isSettledByCopy)) return 'Its disks are not what keeps it.'
  return errors.find((error) => !isSettledByCopy(error))?.message ?? null
}

function noSave({ vm, errors }: ObstacleFacts): string | null {
  if (!vm.isActive) return 'It does not run.'
  if (!vm.isPersistent) return 'It has no definition that could be moved: it is gone once it is stopped.'
  const held = errors.find(({ code }) => unsavable.has(code))
  if (held) return `QEMU does not save it: ${held.message}`
  return errors.find(({ code }) => staysWithMemory.has(code))?.message ?? atRest(errors)
}

function noShutDown({ vm, errors }: ObstacleFacts): string | null {
  if (!vm.isActive) return 'It does not run.'
  if (!vm.isPersistent) return 'It has no definition that could be moved: it is gone once it is off.'
  return atRest(errors)
}

const evenAtRest: ReadonlySet<string> = new Set(['memory-short', 'memory-too-small', 'vm-busy', 'vm-gone', 'move-running', 'managed-save', 'snapshots', 'source-read-only', 'host-offline', 'name-taken', 'uuid-taken', 'uuid-running', 'disk-block-job', 'disk-nvme', 'disk-vhost', 'host-unknown'])

/** What keeps the VM although it were stopped. */
function atRest(errors: readonly Finding[]): string | null {
  return errors.find(({ code }) => evenAtRest.has(code))?.message ?? null
}

function problemOf({ code, message, evidence, next }: Finding): Problem {
  return { code, message, ...(evidence === undefined ? {} : { evidence }), ...(next === undefined ? {} : { next }) }
}
