import type { Forecast, MoveOptions, Sharing } from '../../../contract/migration.ts'
import type { ForecastInputs, SharedMemory } from './forecast-inputs.ts'
import { forecastMove } from './forecast-move.ts'

const MiB = 1024 * 1024
/** Guest memory that the agents take apart per second, zeros aside: 320 MB/s were seen where both agents and both QEMUs shared two cores (bench relay). */
const readRate = { low: 200 * MiB, high: 700 * MiB }

/** Of an estimate: zeros are left out, for QEMU sends them as a few bytes anyway. */
export function sharedMemory({ zero, inVm, acrossVms, sampled }: Extract<Sharing, { kind: 'estimated' }>): SharedMemory {
  const content = 1 - zero
  const left = (same: number) => (content <= 0 ? 1 : Math.min(1, Math.max(0, content - same) / content))
  return { crosses: [left(inVm[1] + acrossVms[1]), left(inVm[0] + acrossVms[0])], sampled }
}

/**
 * Pre-copy of which the first round is smaller by what the VMs share, as far as a sample has told; without one nothing is taken to be shared, which is the worst case and is said.
 * What the guest writes meanwhile is taken to be its own. A link faster than the agents does not make it shorter.
 */
export function forecastGang(options: Pick<MoveOptions, 'autoConverge'>, inputs: ForecastInputs): Forecast {
  const { sharing, memory } = inputs
  const [least, most] = sharing?.crosses ?? [1, 1]
  const plain = forecastMove({ technique: 'gang', autoConverge: options.autoConverge }, { ...inputs, memory: { low: memory.low * least, high: memory.high * most, basis: `${memory.basis}; ${basisOf(sharing)}` } })
  const floor: [number, number] = [memory.low / readRate.high, memory.high / readRate.low]
  const seconds: [number, number] = [Math.max(plain.seconds[0], rounded(floor[0])), Math.max(plain.seconds[1], rounded(floor[1]))]
  const carried = (plain.bytes[0] + plain.bytes[1]) / Math.max(0.1, floor[0] + floor[1])
  return { ...plain, seconds, bandwidth: plain.bandwidth === null ? null : Math.round(Math.min(plain.bandwidth, carried)), promise: promiseOf(sharing) }
}

function basisOf(sharing: ForecastInputs['sharing']): string {
  if (!sharing) return 'nothing taken to be shared, as nobody has looked'
  return `${percent(sharing.crosses)} of it crosses by a sample of ${sharing.sampled} pages, if all go to one host or rack`
}

function promiseOf(sharing: ForecastInputs['sharing']): string {
  if (!sharing) return 'What these VMs have in common, and pages of zeros, cross once. The time is that of pre-copy with nothing in common, which is the worst case.'
  const [least, most] = sharing.crosses
  if (1 - least < 0.1) return 'A gang hardly pays here: by the sample these VMs have next to nothing in common, and it takes as long as pre-copy.'
  return `By the sample ${percent([1 - most, 1 - least])} of what has content is the same as something else that goes, and does not cross again.`
}

function percent([low, high]: readonly [number, number]): string {
  const [from, to] = [Math.round(low * 100), Math.round(high * 100)]
  return from === to ? `${to} %` : `${from} to ${to} %`
}

function rounded(seconds: number): number {
  return Math.round(seconds * 10) / 10
}
