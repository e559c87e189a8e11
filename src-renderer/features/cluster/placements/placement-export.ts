import type { Placement } from '../../../../src-main/contract/cluster.ts'

export type ExportFormat = 'csv' | 'json' | 'md'

/** The columns of every export, in their order. Times in UTC; figures without units, which the names carry. */
const columns: readonly (readonly [name: string, value: (placement: Placement) => string | number | null])[] = [
  ['time', ({ t }) => new Date(t).toISOString()],
  ['vm', ({ vmName }) => vmName],
  ['vm_uuid', ({ vm }) => vm],
  ['from', ({ fromName }) => fromName],
  ['to', ({ toName }) => toName],
  ['kind', ({ kind }) => kind],
  ['reason', ({ reason }) => reason],
  ['who', ({ who }) => who],
  ['technique', ({ technique }) => technique],
  ['seconds', ({ seconds }) => Number(seconds.toFixed(3))],
  ['downtime_ms', ({ downtimeMs }) => (downtimeMs === null ? null : Math.round(downtimeMs))],
  ['bytes', ({ bytes }) => bytes],
  ['run', ({ run }) => run],
  ['job', ({ id }) => id],
]

/** A field by RFC 4180. What a spreadsheet would take for a formula gets an apostrophe first (OWASP, CSV injection): names and reasons are other people's. */
function csvField(value: string | number | null): string {
  if (value === null) return ''
  if (typeof value === 'number') return String(value)
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

/** A cell of a Markdown table: one line, and nothing in it is markup. */
function markdownCell(value: string | number | null): string {
  return value === null ? '' : String(value).replace(/[\\|`*_<>[\]]/g, '\\$&').replace(/\s+/g, ' ')
}

/** Placements as the text of a file. */
export function exportPlacements(placements: readonly Placement[], format: ExportFormat): string {
  const names = columns.map(([name]) => name)
  const rows = placements.map((placement) => columns.map(([, value]) => value(placement)))
  switch (format) {
    case 'csv':
      return [names, ...rows].map((row) => row.map(csvField).join(',')).join('\r\n') + '\r\n'
    case 'json':
      return JSON.stringify(rows.map((row) => Object.fromEntries(names.map((name, index) => [name, row[index]]))), null, 2) + '\n'
    case 'md':
      return [names, names.map(() => '---'), ...rows.map((row) => row.map(markdownCell))].map((row) => `| ${row.join(' | ')} |`).join('\n') + '\n'
  }
}
