import type { MoveSample } from '../../job/sample-log.ts'

/** Shares of the bar: what comes before the copying, and what after it. */
const preparing = 0.02
const copied = 0.97

/**
 * Progress of a move from one sample, 0 to 1: copied bytes of disks and memory over all of them. It may fall, since a guest dirties memory
 * again; the job keeps the highest. `expectedMemory`: bytes of memory that follow the disks, which QEMU does not tell before it has begun with them.
 */
export function progressOf(sample: MoveSample, expectedMemory: number | null = null): number | null {
  switch (sample.phase) {
    case 'preparing':
      return 0
    case 'switching':
    case 'finishing':
      return copied
    case 'recovering':
      return null
    case 'storage':
    case 'memory':
    case 'postcopy': {
      const memoryTotal = sample.memoryTotal > 0 ? sample.memoryTotal : (expectedMemory ?? 0)
      const total = sample.diskTotal + memoryTotal
      if (total <= 0) return preparing
      const disks = Math.min(sample.diskTransferred, sample.diskTotal)
      const memory = sample.memoryTotal > 0 ? Math.max(0, sample.memoryTotal - sample.memoryRemaining) : 0
      return preparing + (copied - preparing) * ((disks + memory) / total)
    }
  }
}
