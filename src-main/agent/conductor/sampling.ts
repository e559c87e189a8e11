import type { JobStats } from '../../libvirt/client/job-stats.ts'
import type { MovePhase, MoveSample } from '../protocol/move-event.ts'

/** Throughput is reckoned over at least this, so that it does not jump with every page burst. */
const rateWindowMs = 1000

/** Makes samples of libvirt's job statistics. Bytes already transferred never fall, whatever a restarted iteration says. */
export class Sampling {
  readonly #window: { t: number; bytes: number }[] = []
  #transferred = 0
  #diskTransferred = 0
  #iteration = 0

  /** `t` in milliseconds of any steady clock. Null while there is nothing to tell: the job is being set up, or has gone. */
  take(stats: JobStats, phase: MovePhase, t: number): MoveSample | null {
    const { memory, disk } = stats
    if (stats.type === 'none' || (memory.totalBytes === null && disk.totalBytes === null)) return null
    this.#transferred = Math.max(this.#transferred, memory.processedBytes ?? 0)
    this.#diskTransferred = Math.max(this.#diskTransferred, disk.processedBytes ?? 0)
    this.#iteration = Math.max(this.#iteration, memory.iteration ?? 0)
    const bytes = this.#transferred + this.#diskTransferred
    this.#window.push({ t, bytes })
    while (this.#window.length > 2 && t - (this.#window[1]?.t ?? t) >= rateWindowMs) this.#window.shift()
    const first = this.#window[0]
    const elapsed = first ? t - first.t : 0
    return {
      phase,
      memoryTotal: memory.totalBytes ?? 0,
      memoryRemaining: memory.remainingBytes ?? 0,
      memoryTransferred: this.#transferred,
      throughput: first && elapsed > 0 ? Math.round(((bytes - first.bytes) * 1000) / elapsed) : (memory.bytesPerSecond ?? 0),
      // QEMU counts dirtied pages once per pass: before the second there is no rate.
      dirtyRate: this.#iteration < 2 || memory.dirtyPagesPerSecond === null ? null : memory.dirtyPagesPerSecond * (memory.pageSizeBytes ?? 4096),
      iteration: this.#iteration,
      throttle: stats.throttlePercent ?? 0,
      diskTotal: disk.totalBytes ?? 0,
      diskTransferred: this.#diskTransferred,
      postcopyRequests: memory.postcopyRequests ?? 0,
      // libvirt does not hand on QEMU's postcopy-blocktime, and asking QEMU behind its back taints the domain.
      blocktimeMs: null,
      expectedDowntimeMs: stats.downtimeMs,
    }
  }
}

/** The phase that job statistics speak of, before a switch; null while they say nothing. Memory has no size before its copying begins, after the disks. */
export function copyPhase(stats: JobStats): 'storage' | 'memory' | null {
  const { memory, disk } = stats
  const [hasDisks, hasMemory] = [(disk.totalBytes ?? 0) > 0, (memory.totalBytes ?? 0) > 0]
  if (!hasDisks && !hasMemory) return null
  const isCopyingDisks = hasDisks && ((disk.remainingBytes ?? 0) > 0 || !hasMemory)
  return isCopyingDisks && (memory.processedBytes ?? 0) === 0 ? 'storage' : 'memory'
}
