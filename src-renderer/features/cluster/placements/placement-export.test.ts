import { expect, test } from 'vitest'
import type { Placement } from '../../../../src-main/contract/cluster.ts'
import { exportPlacements } from './placement-export.ts'

const placement: Placement = {
  id: 'job-1', t: Date.UTC(2026, 0, 2, 3, 4, 5), vm: 'u1', vmName: 'web|1', from: 'a', fromName: 'kvm1', to: 'b', toName: 'kvm2', technique: 'precopy', run: null, kind: 'evacuate',
  reason: '=HYPERLINK("x"), a fan,\nand "more"', who: 'ada', seconds: 12.34567, downtimeMs: null, bytes: 1024,
}

test('CSV quotes what needs it and never begins with a formula', () => {
  const [head, ...rest] = exportPlacements([placement], 'csv').split('\r\n')
  expect(head).toBe('time,vm,vm_uuid,from,to,kind,reason,who,technique,seconds,downtime_ms,bytes,run,job')
  expect(rest.join('\r\n')).toBe('2026-01-02T03:04:05.000Z,web|1,u1,kvm1,kvm2,evacuate,"\'=HYPERLINK(""x""), a fan,\nand ""more""",ada,precopy,12.346,,1024,,job-1\r\n')
})

test('JSON can be read back, with figures as figures', () => {
  expect(JSON.parse(exportPlacements([placement], 'json'))).toEqual([expect.objectContaining({ vm: 'web|1', seconds: 12.346, downtime_ms: null, reason: placement.reason })])
})

test('Markdown keeps one row per move, whatever a reason holds', () => {
  const lines = exportPlacements([placement], 'md').trimEnd().split('\n')
  expect(lines).toHaveLength(3)
  expect(lines[2]).toContain('web\\|1')
  expect(lines[2]?.match(/(?<!\\)\|/g)).toHaveLength(15)
})

test('nothing to export is still a file with its columns', () => {
  expect(exportPlacements([], 'csv')).toMatch(/^time,.*\r\n$/)
  expect(JSON.parse(exportPlacements([], 'json'))).toEqual([])
})
