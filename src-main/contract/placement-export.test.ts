import { expect, test } from 'vitest'
import { exportPlacements } from './placement-export.ts'
import type { Placement } from './cluster.ts'

const placement: Placement = {
  id: 'job-1',
  t: Date.UTC(2026, 0, 2, 3, 4, 5),
  vm: 'c4719afa-76fa-448b-8eca-99e673688584',
  vmName: 'web, the "first"',
  from: 'a',
  fromName: 'alpha|1',
  to: 'b',
  toName: 'beta',
  technique: 'precopy',
  run: null,
  kind: 'move',
  reason: '=HYPERLINK("evil")',
  who: 'ada',
  seconds: 8.12345,
  downtimeMs: 58,
  bytes: null,
}

test('CSV quotes what must be quoted, leaves nothing to a spreadsheet to carry out, and ends its lines as RFC 4180 says', () => {
  expect(exportPlacements([placement], 'csv')).toBe(
    'time,vm,uuid,from,to,kind,technique,seconds,downtime_ms,bytes,who,reason,run,gang,source_free_s,bytes_from_source,bytes_between_others,pages_unique,pages_in_vm,pages_across_vms,pages_already_there,pages_zero\r\n' +
      '2026-01-02T03:04:05.000Z,"web, the ""first""",c4719afa-76fa-448b-8eca-99e673688584,alpha|1,beta,move,precopy,8.123,58,,ada,"\'=HYPERLINK(""evil"")",,,,,,,,,,\r\n',
  )
})

test('JSON is the placements as they are', () => {
  expect(JSON.parse(exportPlacements([placement], 'json'))).toEqual([placement])
})

test('Markdown keeps its columns whatever a name contains', () => {
  const [head, rule, row] = exportPlacements([{ ...placement, reason: 'two\nlines <b>' }], 'md').split('\n')
  expect(head!.split('|')).toHaveLength(rule!.split('|').length)
  expect(row).toContain(String.raw`alpha\|1`)
  expect(row).toContain('two lines &lt;b>')
})

test('totals of moves through the agents go along, in columns of their own', () => {
  const classes = { unique: 5, inVm: 4, acrossVms: 3, alreadyThere: 2, zero: 1 }
  const moved = { ...placement, technique: 'gang', gang: 'gang-1', pages: { classes, bytes: { fromQemu: 9, core: 8, rack: 7, toQemu: 9 }, sourceFreeMs: 1500 } }
  expect(exportPlacements([moved], 'csv')).toMatch(/,gang-1,1\.5,8,7,5,4,3,2,1\r\n$/)
})
