import type { Placement } from '../../contract/cluster.ts'
import { exportPlacements, type ExportForm } from '../../contract/placement-export.ts'
import type { Command } from '../command.ts'
import { seconds } from '../figures.ts'
import { table } from '../table.ts'

/** `drover history`: who moved what, when, why, how long, and how much downtime. */
export async function showHistory({ session, terminal, signal }: Command, words: { readonly search?: string; readonly limit: number; readonly format?: ExportForm }): Promise<void> {
  const client = await session.client(signal)
  const placements = await client.cluster.placements({ limit: words.limit, ...(words.search === undefined ? {} : { text: words.search }) }, { signal })
  if (words.format) return terminal.document(exportPlacements(placements, words.format))
  const text = table<Placement>(
    [
      { head: 'WHEN', text: ({ t }) => new Date(t).toISOString().slice(0, 19).replace('T', ' ') },
      { head: 'VM', text: ({ vmName }) => vmName },
      { head: 'FROM', text: ({ fromName }) => fromName },
      { head: 'TO', text: ({ toName }) => toName },
      { head: 'BY', text: ({ who }) => who },
      { head: 'AS', text: ({ kind, technique }) => `${kind}, ${technique}` },
      { head: 'TOOK', isFigure: true, text: (placement) => seconds(placement.seconds) },
      { head: 'DOWNTIME', isFigure: true, text: ({ downtimeMs }) => (downtimeMs === null ? '–' : `${Math.round(downtimeMs)} ms`) },
      { head: 'WHY', text: ({ reason }) => reason },
    ],
    placements,
  )
  terminal.result(placements.length === 0 ? 'No moves yet.' : text, placements)
}
