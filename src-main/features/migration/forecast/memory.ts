import type { BalloonStats } from '../../../libvirt/client/domain-stats.ts'
import type { Estimate } from './forecast-inputs.ts'

const MiB = 1024 * 1024
/** What a QEMU process takes for itself. */
const own = { low: 24 * MiB, high: 96 * MiB }

/**
 * Bytes of memory with content. QEMU sends a page of zeros as a few bytes, so what the QEMU process never touched costs nothing; its resident size
 * (which counts QEMU itself and what the guest freed) bounds it from above, the guest's own figure from below.
 */
export function estimateMemory(totalKib: number, balloon: BalloonStats | null): Estimate {
  const total = totalKib * 1024
  const rss = balloon?.rssKib ? balloon.rssKib * 1024 : null
  const guest = balloon?.availableKib != null && balloon.unusedKib != null ? Math.max(0, balloon.availableKib - balloon.unusedKib) * 1024 : null
  const most = rss === null ? null : Math.min(total, Math.max(0, rss - own.low))
  if (rss !== null && most !== null) return { low: Math.min(most, guest ?? Math.max(0, rss - own.high) * 0.8), high: most, basis: guest === null ? 'resident on the host' : 'used in the guest, resident on the host' }
  return { low: total * 0.2, high: total, basis: 'all of it, as its use is not known' }
}
