import type { Placement } from './cluster.ts'

/** The forms in which the history leaves Drover. */
export const exportForms = ['csv', 'json', 'md'] as const
export type ExportForm = (typeof exportForms)[number]

const columns: readonly (readonly [head: string, value: (placement: Placement) => string | number | null])[] = [
  ['time', ({ t }) => new Date(t).toISOString()],
  ['vm', ({ vmName }) => vmName],
  ['uuid', ({ vm }) => vm],
  ['from', ({ fromName }) => fromName],
  ['to', ({ toName }) => toName],
  ['kind', ({ kind }) => kind],
  ['technique', ({ technique }) => technique],
  ['seconds', ({ seconds }) => Math.round(seconds * 1000) / 1000],
  ['downtime_ms', ({ downtimeMs }) => downtimeMs],
  ['bytes', ({ bytes }) => bytes],
  ['who', ({ who }) => who],
  ['reason', ({ reason }) => reason],
  ['run', ({ run }) => run],
  // Of moves through the agents; the columns before them stay where programs look for them.
  ['gang', ({ gang }) => gang ?? null],
  ['source_free_s', ({ pages }) => (pages?.sourceFreeMs == null ? null : pages.sourceFreeMs / 1000)],
  ['bytes_from_source', ({ pages }) => pages?.bytes.core ?? null],
  ['bytes_between_others', ({ pages }) => pages?.bytes.rack ?? null],
  ['pages_unique', ({ pages }) => pages?.classes.unique ?? null],
  ['pages_in_vm', ({ pages }) => pages?.classes.inVm ?? null],
  ['pages_across_vms', ({ pages }) => pages?.classes.acrossVms ?? null],
  ['pages_already_there', ({ pages }) => pages?.classes.alreadyThere ?? null],
  ['pages_zero', ({ pages }) => pages?.classes.zero ?? null],
]

/** Placements as a file: CSV after RFC 4180, JSON, or a table of Markdown. Text that a spreadsheet would take for a formula is made harmless. */
export function exportPlacements(placements: readonly Placement[], form: ExportForm): string {
  switch (form) {
    case 'json':
      return `${JSON.stringify(placements, null, 2)}\n`
    case 'csv':
      return [columns.map(([head]) => head).join(','), ...placements.map((placement) => columns.map(([, value]) => csvCell(value(placement))).join(','))].map((line) => `${line}\r\n`).join('')
    case 'md':
      return [
        `| ${columns.map(([head]) => head).join(' | ')} |`,
        `|${columns.map(() => ' --- |').join('')}`,
        ...placements.map((placement) => `| ${columns.map(([, value]) => markdownCell(value(placement))).join(' | ')} |`),
      ].map((line) => `${line}\n`).join('')
  }
}

function csvCell(value: string | number | null): string {
  if (value === null) return ''
  if (typeof value === 'number') return String(value)
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

function markdownCell(value: string | number | null): string {
  return value === null ? '' : String(value).replaceAll('\\', '\\\\').replaceAll('|', '\\|').replaceAll('<', '&lt;').replace(/[\r\n]+/g, ' ')
}
