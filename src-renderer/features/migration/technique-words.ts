import type { Forecast, Route, Technique } from '../../../src-main/contract/migration.ts'
import { formatMbps } from '../../ui/format.ts'

export interface TechniqueWords {
  readonly value: Technique
  readonly name: string
  readonly promise: string
  readonly price: string
}

/** The techniques of a running VM, with what each gives and costs in one line. */
export const liveTechniques: readonly TechniqueWords[] = [
  { value: 'precopy', name: 'Pre-copy', promise: 'Copies memory in rounds while the VM runs; can be cancelled to the end.', price: 'A guest that writes faster than the network never gets over.' },
  { value: 'postcopy', name: 'Post-copy', promise: 'Switches at once and fetches memory afterwards; always ends.', price: 'A failure after the switch can lose the VM; it runs slower until all memory is there.' },
  { value: 'hybrid', name: 'Hybrid', promise: 'Pre-copy rounds first, then post-copy for the rest; always ends.', price: 'From the switch on, as post-copy.' },
  { value: 'scatter', name: 'Evacuate fastest', promise: 'Switches at once and drains the source into other hosts, so that it can be powered off early.', price: 'Until all memory is there, more hosts hold parts of the VM; it runs slower, as in post-copy.' },
]

const techniques: Record<Technique, string> = { precopy: 'Pre-copy', postcopy: 'Post-copy', hybrid: 'Hybrid', gang: 'Gang', scatter: 'Evacuate fastest', offline: 'Definition only' }

export function techniqueName(technique: Technique): string {
  return techniques[technique]
}

export function convergesWord(converges: Forecast['converges']): string {
  return converges === 'yes' ? 'yes' : converges === 'no' ? 'no: it writes faster than the network carries' : 'perhaps'
}

const probes: Record<Route['probe'], string> = {
  reachable: 'answers',
  refused: 'answers',
  filtered: 'does not answer',
  unresolved: 'cannot be resolved',
  'not-probed': 'not tried',
}

/** The way that the memory takes, in one line. */
export function routeWord(route: Route): string {
  const speed = route.mbps === null ? '' : `, ${formatMbps(route.mbps)}`
  return `${route.address}${route.via === null ? '' : ` by ${route.via}`}${speed}; ${probes[route.probe]} (${route.origin})`
}
