import { expect, test } from 'vitest'
import type { Job } from '../../../contract/job.ts'
import { moveOptions, type MoveOptions } from '../../../contract/migration.ts'
import { earlierThroughputs } from './earlier-moves.ts'

const MB = 1_000_000
let n = 0

/** A move that began at a second of the clock, copied for so many seconds, and had one more of overhead. */
function move(from: string, to: string, at: number, seconds: number, mbPerSecond: number, options: Partial<MoveOptions> = {}): Job {
  const id = `job-${n++}`
  const totalMs = (seconds + 1) * 1000
  return {
    id, kind: 'move', plan: { vm: { host: from, uuid: id }, destination: to, options: moveOptions.parse({ technique: 'precopy', ...options }) }, vmName: id, sourceName: from, destinationName: to, driver: 'agent',
    createdAt: at * 1000, startedAt: at * 1000, endedAt: at * 1000 + totalMs, progress: 1, eta: null,
    state: { state: 'succeeded', result: { totalMs, downtimeMs: 1, guestGapMs: null, bytes: seconds * mbPerSecond * MB } as Extract<Job['state'], { state: 'succeeded' }>['result'] },
  }
}

test('moves that had the line to themselves tell what it carries, the newest first', () => {
  const jobs = [move('a', 'b', 300, 10, 110), move('a', 'b', 200, 10, 100), move('a', 'b', 100, 10, 5, { bandwidthMiBps: 5 }), move('a', 'c', 50, 10, 40)]
  expect(earlierThroughputs(jobs, 'a', 'b')).toEqual([110 * MB, 100 * MB])
})

test('four that shared a line do not make it a quarter as fast', () => {
  const four = ['b', 'b', 'c', 'c'].map((to) => move('a', to, 500, 20, 25))
  expect(earlierThroughputs([...four, move('a', 'b', 100, 10, 100)], 'a', 'b')).toEqual([100 * MB])
  // Nothing better is known: the line carries at least what they had together.
  expect(earlierThroughputs(four, 'a', 'b')).toEqual([100 * MB])
})

test('the way back tells of a way that was never gone', () => {
  expect(earlierThroughputs([move('b', 'a', 100, 10, 100)], 'a', 'b')).toEqual([100 * MB])
})

test('small and short moves tell nothing', () => {
  expect(earlierThroughputs([move('a', 'b', 100, 1, 100), move('a', 'b', 200, 10, 2)], 'a', 'b')).toEqual([])
})
