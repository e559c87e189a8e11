import { expect, test } from 'vitest'
import type { MoveSample } from '../protocol/move-event.ts'
import { SwitchForecast } from './switch-forecast.ts'

const MiB = 1024 * 1024

function sample(iteration: number, remaining: number, dirtyRate: number | null, throughput = 100 * MiB): MoveSample {
  return {
    phase: 'memory',
    memoryTotal: 1024 * MiB,
    memoryRemaining: remaining,
    memoryTransferred: 0,
    throughput,
    dirtyRate,
    iteration,
    throttle: 0,
    diskTotal: 0,
    diskTransferred: 0,
    postcopyRequests: 0,
    blocktimeMs: null,
    expectedDowntimeMs: null,
  }
}

function run(samples: readonly MoveSample[], downtimeMs: number | null = 300): (string | null)[] {
  const forecast = new SwitchForecast({ when: 'forecast' })
  return samples.map((one, i) => forecast.reasonToSwitch(one, i * 100, downtimeMs))
}

test('memory that is dirtied faster than it is sent brings the switch after two passes that say so', () => {
  const reasons = run([sample(1, 1000 * MiB, null), sample(1, 500 * MiB, null), sample(2, 200 * MiB, 150 * MiB), sample(2, 100 * MiB, 150 * MiB), sample(3, 210 * MiB, 150 * MiB)])
  expect(reasons.slice(0, 4)).toEqual([null, null, null, null])
  expect(reasons[4]).toContain('150 MiB/s and sent at 100 MiB/s')
})

test('a move that shrinks pass by pass is left alone', () => {
  expect(run([sample(1, 1000 * MiB, null), sample(2, 200 * MiB, 20 * MiB), sample(3, 40 * MiB, 20 * MiB), sample(4, 8 * MiB, 20 * MiB)])).toEqual([null, null, null, null])
})

test('one bad pass among good ones is no reason', () => {
  expect(run([sample(1, 1000 * MiB, null), sample(2, 200 * MiB, 150 * MiB), sample(3, 100 * MiB, 30 * MiB), sample(4, 80 * MiB, 150 * MiB)])).toEqual([null, null, null, null])
})

test('what fits into the downtime limit ends by itself, whatever the rates', () => {
  expect(run([sample(1, 1000 * MiB, null), sample(2, 20 * MiB, 500 * MiB), sample(3, 20 * MiB, 500 * MiB), sample(4, 20 * MiB, 500 * MiB)])).toEqual([null, null, null, null])
  expect(run([sample(1, 1000 * MiB, null), sample(2, 20 * MiB, 500 * MiB), sample(3, 20 * MiB, 500 * MiB)], 50)[2]).not.toBeNull()
})

test('a rate just below the throughput would take too many passes', () => {
  expect(run([sample(1, 1000 * MiB, null), sample(2, 900 * MiB, 95 * MiB), sample(3, 860 * MiB, 95 * MiB)])[2]).not.toBeNull()
})

test('by time it switches once that has passed, by hand never, and never outside the memory phase', () => {
  const byTime = new SwitchForecast({ when: 'time', seconds: 2 })
  expect(byTime.reasonToSwitch(sample(1, 1, null), 10_000, null)).toBeNull()
  expect(byTime.reasonToSwitch(sample(1, 1, null), 11_900, null)).toBeNull()
  expect(byTime.reasonToSwitch({ ...sample(1, 1, null), phase: 'storage' }, 13_000, null)).toBeNull()
  expect(byTime.reasonToSwitch(sample(1, 1, null), 12_000, null)).not.toBeNull()
  const byHand = new SwitchForecast({ when: 'hand' })
  expect(byHand.reasonToSwitch(sample(9, 900 * MiB, 999 * MiB), 1e9, 1)).toBeNull()
})
