import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Phase } from '../../contract/job.ts'
import { SampleLog, type MoveSample } from './sample-log.ts'

const phases: Phase[] = ['preparing', 'storage', 'memory', 'switching', 'postcopy', 'finishing']

function row(t: number, phase: Phase): MoveSample {
  return {
    t, phase, memoryTotal: 0, memoryRemaining: 0, memoryTransferred: t, throughput: 0, dirtyRate: null, iteration: 0, throttle: 0,
    diskTotal: 0, diskTransferred: 0, postcopyRequests: 0, blocktimeMs: null, expectedDowntimeMs: null, pages: null,
  }
}

test('however long a move takes, the log stays small, ordered, and keeps its ends and the beginning of each phase', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(700), { minLength: 6, maxLength: 6 }), (lengths) => {
      const log = new SampleLog(100)
      const firsts: number[] = []
      let t = 0
      lengths.forEach((length, i) => {
        for (let n = 0; n < length; n++) {
          if (n === 0) firsts.push(t + 1)
          log.push(row(++t, phases[i]!))
        }
      })
      const kept = log.columns()
      expect(log.size).toBeLessThanOrEqual(100)
      expect(kept.t).toEqual([...kept.t].sort((a, b) => a - b))
      for (const first of firsts) expect(kept.t).toContain(first)
      if (t > 0) expect(kept.t.at(-1)).toBe(t)
    }),
    { numRuns: 50 },
  )
})

test('a sample that is not later than the last is dropped', () => {
  const log = new SampleLog()
  expect([log.push(row(5, 'memory')), log.push(row(5, 'memory')), log.push(row(4, 'memory'))]).toEqual([true, false, false])
})
