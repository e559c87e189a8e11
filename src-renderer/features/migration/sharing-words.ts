import type { Sharing } from '../../../src-main/contract/migration.ts'
import { formatKiB } from '../../ui/format.ts'

type Estimated = Extract<Sharing, { kind: 'estimated' }>

function percent([low, high]: readonly [number, number]): string {
  const [from, to] = [Math.round(low * 100), Math.round(high * 100)]
  return from === to ? `${to} %` : `${from}–${to} %`
}

/** KiB that would cross, once each: the rest is zeros, or known by then. */
export function leftToSend({ memoryKiB, zero, inVm, acrossVms }: Estimated): [number, number] {
  const share = (i: 0 | 1) => Math.max(0, 1 - zero - inVm[i] - acrossVms[i])
  return [memoryKiB * share(1), memoryKiB * share(0)]
}

/** What a sample says, in a sentence or two. `host`: its name. */
export function sharingWord(told: Estimated, host: string): string {
  const [low, high] = leftToSend(told).map(formatKiB)
  const amount = low === high ? low : `${low} – ${high}`
  return `Of ${formatKiB(told.memoryKiB)}, about ${percent([told.zero, told.zero])} are zeros, ${percent(told.inVm)} twice in the same VM, ${percent(told.acrossVms)} the same in several: about ${amount} would cross. From ${told.sampled.toLocaleString('en')} pages that the agent on ${host} looked at; none of them left it.`
}
