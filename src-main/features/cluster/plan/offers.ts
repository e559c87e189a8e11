import { moveOptions, type Forecast, type Technique } from '../../../contract/migration.ts'
import type { PlanOffer, PlanRow } from '../../../contract/plan.ts'
import type { Estimate } from '../../migration/forecast/forecast-inputs.ts'
import { amount } from '../../migration/preflight/finding.ts'
import type { KnownLine } from './known-lines.ts'

/** What the plan's offers are reckoned from. */
export interface OfferFacts {
  readonly source: { readonly id: string; readonly name: string }
  readonly rows: readonly PlanRow[]
  /** Of the plan as it stands. */
  readonly seconds: readonly [number, number] | null
  readonly way: (source: string, destination: string) => Estimate & { readonly mbps?: number | null }
  readonly line: KnownLine
  /** Connected hosts that are in no maintenance, and not the one that is emptied. */
  readonly hosts: number
  readonly usesAgent: boolean
  /** What a row would take by another technique; null where that is not known. */
  readonly forecastAs: (row: PlanRow, technique: Technique) => Forecast | null
}

const netOfHeaders = 0.94
/** The calls and the turn of each VM beside its copying, in seconds. */
const around = { low: 1, high: 4 }
/** Below this many times sooner it is not worth more hosts that could fail. */
const worthwhile = 1.3
/** Copies of each page, unless somebody chooses another number. */
const usualReplicas = moveOptions.parse({ technique: 'scatter' }).replicas

/** What evacuating in another way would give: the source drained into depots, or what the VMs share crossing once. */
export function offersOf(facts: OfferFacts): PlanOffer[] {
  const live = facts.rows.filter(({ how, destination }) => how === 'live' && destination !== null)
  if (live.length === 0) return []
  return [scatterOffer(live, facts), gangOffer(live, facts)]
}

function scatterOffer(live: readonly PlanRow[], { source, seconds, way, line, hosts, usesAgent }: OfferFacts): PlanOffer {
  const taken = live.filter(({ options }) => options?.technique === 'scatter').length
  // Beside the one that is emptied and the one that a VM goes to.
  const depots = hosts - 1
  const replicas = depots < usualReplicas ? depots : null
  const base = { technique: 'scatter' as const, taken, of: live.length, replicas }
  const none = { sourceFreeSeconds: null, promise: null }
  if (!usesAgent) return { ...base, ...none, whyNot: 'It needs agents, and the settings leave them out.' }
  if (hosts < 2) return { ...base, ...none, replicas: null, whyNot: `It takes a third connected host: one holds pages on their way while another takes the VMs of ${source.name}.` }
  const risk = replicas === 1 ? ' One host alone can hold a VM’s pages here: losing it before the VM is complete loses the VM.' : ''
  const [least, most] = memoryOf(live)
  const out = outOf(source.id, live, way, line)
  if (out === null) return { ...base, sourceFreeSeconds: null, promise: `Whether it frees ${source.name} sooner is not known: the speed of its link is not.${risk}`, whyNot: null }
  const free: [number, number] = [round(least / out.high + around.low), round(most / out.low + around.high)]
  const gain = seconds === null ? 1 : (seconds[0] + seconds[1]) / Math.max(0.1, free[0] + free[1])
  // What already leaves by post-copy through depots is in the plan's own time.
  if (gain >= worthwhile || taken > 0) return { ...base, sourceFreeSeconds: free, promise: `${source.name} needs to stay up for this long; the VMs are complete when the plan is through.${risk}`, whyNot: null }
  return { ...base, sourceFreeSeconds: free, promise: `It does not pay here: the destinations together take what ${source.name} sends, so that it is empty about as soon anyway.`, whyNot: null }
}

function gangOffer(live: readonly PlanRow[], { usesAgent, forecastAs }: OfferFacts): PlanOffer {
  const base = { technique: 'gang' as const, taken: live.filter(({ options }) => options?.technique === 'gang').length, of: live.length, sourceFreeSeconds: null, replicas: null }
  if (!usesAgent) return { ...base, promise: null, whyNot: 'It needs agents, and the settings leave them out.' }
  if (live.length < 2) return { ...base, promise: null, whyNot: 'A gang takes two running VMs.' }
  return { ...base, promise: gangPromise(live, forecastAs), whyNot: null }
}

/** In figures where a sample has told what is shared. */
function gangPromise(live: readonly PlanRow[], forecastAs: OfferFacts['forecastAs']): string {
  const [together, apart] = (['gang', 'precopy'] as const).map((technique) => memoryOf(live.map((row) => ({ ...row, forecast: forecastAs(row, technique) }))))
  if (!together || !apart || together[0] + together[1] >= (apart[0] + apart[1]) * 0.97) return 'What the VMs have in common crosses once. With nothing in common it takes as long as pre-copy.'
  return `By the sample about ${amount((together[0] + together[1]) / 2048)} cross instead of ${amount((apart[0] + apart[1]) / 2048)} by pre-copy, if all go to one host or rack.`
}

/** Bytes that leave the source. */
function memoryOf(live: readonly PlanRow[]): [number, number] {
  const all = live.map(({ forecast, memoryKiB }) => forecast?.bytes ?? ([memoryKiB * 1024 * 0.3, memoryKiB * 1024] as const))
  return [all.reduce((sum, [low]) => sum + low, 0), all.reduce((sum, [, high]) => sum + high, 0)]
}

/** Bytes per second that the source can send to all others together; null where nothing tells. */
function outOf(source: string, live: readonly PlanRow[], way: OfferFacts['way'], line: KnownLine): { low: number; high: number } | null {
  const seen = line(source, 'out')
  const devices = live.flatMap(({ destination }) => (destination === null ? [] : (way(source, destination).mbps ?? [])))
  const device = devices.length === 0 ? null : (Math.max(...devices) * 1e6 * netOfHeaders) / 8
  if (seen === null && device === null) return null
  const high = Math.max(seen ?? 0, device ?? 0)
  return { low: seen ?? high * 0.6, high }
}

function round(seconds: number): number {
  return Math.round(seconds * 10) / 10
}
