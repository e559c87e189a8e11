import { expect, it } from 'vitest'
import { moveOptions } from '../../../../src-main/contract/migration.ts'
import type { Job } from '../../../../src-main/contract/job.ts'
import type { PageFigures } from '../../../../src-main/contract/pages.ts'
import { dedupRatios, noClasses, pageCount, ratioWord, reasonsToStayUp, sumPages } from './page-words.ts'

const pages = (over: Partial<PageFigures> = {}): PageFigures => ({
  classes: { unique: 100, inVm: 20, acrossVms: 200, alreadyThere: 80, zero: 400 }, bytes: { fromQemu: 10, core: 4, rack: 3, toQemu: 9 },
  depots: [], backlog: null, faults: { direct: 0, depot: 0, waiting: 0 }, sourceFreeMs: null, mayPowerOff: false, ...over,
})

it('counts a gang together, and gives the ratio with and without pages of zeros', () => {
  const { classes, bytes } = sumPages([pages(), pages()])
  expect(bytes).toEqual({ fromQemu: 20, core: 8, rack: 6, toQemu: 18 })
  expect(pageCount(classes)).toBe(1600)
  expect(dedupRatios(classes)).toEqual({ all: 8, withoutZero: 4 })
  expect(dedupRatios(noClasses)).toBeNull()
  expect([ratioWord(8), ratioWord(12.34), ratioWord(345.6)]).toEqual(['8.00 : 1', '12.3 : 1', '346 : 1'])
})

const job = (over: Partial<Job>): Job => ({
  id: 'j', kind: 'move', plan: { vm: { host: 'a', uuid: '1' }, destination: 'b', options: moveOptions.parse({ technique: 'scatter' }) }, vmName: 'web', sourceName: 'alpha', destinationName: 'beta',
  createdAt: 0, startedAt: 0, endedAt: null, state: { state: 'running', phase: 'postcopy', cancellation: { can: 'no', reason: '' }, isPastNoReturn: true, canSwitch: false, canRecover: false }, progress: 0.5, eta: null, driver: 'agent', ...over,
})
const seen = (vms: { uuid: string; name: string; isOn: boolean }[], jobs: Job[]) => ({ vms, jobs, hostName: 'alpha' })

it('lets a host be powered off only when nothing else needs it: not another VM, not a move from, to or through it', () => {
  const own = job({ pages: pages({ mayPowerOff: true }) })
  expect(reasonsToStayUp('a', '1', seen([{ uuid: '1', name: 'web', isOn: true }, { uuid: '9', name: 'old', isOn: false }], [own]))).toEqual([])
  expect(reasonsToStayUp('a', '1', seen([{ uuid: '2', name: 'db', isOn: true }], [own]))).toEqual(['db runs on it'])
  const other = (over: Partial<Job>, to = 'b', from = 'a') => job({ vmName: 'db', ...over, plan: { ...own.plan, vm: { host: from, uuid: '2' }, destination: to } })
  expect(reasonsToStayUp('a', '1', seen([], [own, other({})]))).toEqual(['the move of db needs it'])
  expect(reasonsToStayUp('a', '1', seen([], [own, other({ pages: pages({ mayPowerOff: true }) })]))).toEqual([])
  expect(reasonsToStayUp('a', '1', seen([], [own, other({}, 'a', 'c')]))).toEqual(['the move of db needs it'])
  const held = pages({ mayPowerOff: true, depots: [{ name: 'alpha', pages: 1, bytes: 4096, state: 'up' }] })
  expect(reasonsToStayUp('a', '1', seen([], [own, other({ pages: held }, 'd', 'c')]))).toEqual(['the move of db needs it'])
})
