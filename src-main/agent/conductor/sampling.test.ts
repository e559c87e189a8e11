import { expect, test } from 'vitest'
import type { JobStats } from '../../libvirt/client/job-stats.ts'
import { copyPhase, Sampling } from './sampling.ts'

const none = { totalBytes: null, processedBytes: null, remainingBytes: null }

function stats(memory: Partial<JobStats['memory']>, disk: Partial<JobStats['disk']> = {}, type: JobStats['type'] = 'unbounded'): JobStats {
  return {
    type,
    operation: 'migration-out',
    elapsedMs: 0,
    elapsedNetMs: null,
    remainingMs: null,
    downtimeMs: 300,
    downtimeNetMs: null,
    setupMs: null,
    data: none,
    memory: {
      ...none,
      constantPages: null,
      normalPages: null,
      normalBytes: null,
      bytesPerSecond: null,
      dirtyPagesPerSecond: null,
      pageSizeBytes: null,
      iteration: null,
      postcopyRequests: null,
      ...memory,
    },
    disk: { ...none, bytesPerSecond: null, ...disk },
    compression: { cacheBytes: null, sentBytes: null, pages: null, cacheMisses: null, overflows: null },
    throttlePercent: null,
  }
}

test('there is no sample before the job says something', () => {
  const sampling = new Sampling()
  expect(sampling.take(stats({}, {}, 'none'), 'memory', 0)).toBeNull()
  expect(sampling.take(stats({}), 'memory', 0)).toBeNull()
})

test('throughput is what has crossed in the last second', () => {
  const sampling = new Sampling()
  let last
  for (let t = 0; t <= 3000; t += 100) last = sampling.take(stats({ totalBytes: 1e9, processedBytes: t < 2000 ? t * 1000 : 2e6, remainingBytes: 1 }), 'memory', t)
  expect(last?.throughput).toBe(0)
  last = sampling.take(stats({ totalBytes: 1e9, processedBytes: 3e6, remainingBytes: 1 }), 'memory', 3100)
  expect(last?.throughput).toBeCloseTo(1e6, -5)
})

test('nothing that is a sum ever falls', () => {
  const sampling = new Sampling()
  sampling.take(stats({ totalBytes: 10, processedBytes: 8, iteration: 3 }, { totalBytes: 4, processedBytes: 4 }), 'memory', 0)
  expect(sampling.take(stats({ totalBytes: 10, processedBytes: 2, iteration: 1 }, { totalBytes: 4, processedBytes: 1 }), 'postcopy', 100)).toMatchObject({
    memoryTransferred: 8,
    diskTransferred: 4,
    iteration: 3,
    throughput: 0,
  })
})

test('dirty rate is in bytes, and unknown during the first pass', () => {
  const sampling = new Sampling()
  expect(sampling.take(stats({ totalBytes: 1, dirtyPagesPerSecond: 0, iteration: 1 }), 'memory', 0)?.dirtyRate).toBeNull()
  expect(sampling.take(stats({ totalBytes: 1, dirtyPagesPerSecond: 10, pageSizeBytes: 4096, iteration: 2 }), 'memory', 1)?.dirtyRate).toBe(40_960)
})

test('disks come before memory', () => {
  expect(copyPhase(stats({ totalBytes: 5, processedBytes: 0 }, { totalBytes: 9, remainingBytes: 3 }))).toBe('storage')
  expect(copyPhase(stats({ totalBytes: 5, processedBytes: 1 }, { totalBytes: 9, remainingBytes: 3 }))).toBe('memory')
  expect(copyPhase(stats({ totalBytes: 5, processedBytes: 0 }))).toBe('memory')
  expect(copyPhase(stats({ totalBytes: 0 }, { totalBytes: 9, remainingBytes: 0 }))).toBe('storage')
  expect(copyPhase(stats({ totalBytes: 0 }))).toBeNull()
})
