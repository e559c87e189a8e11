import { delay } from '../../base/abort.ts'
import { jobStatsOf, type JobStats } from '../../libvirt/client/job-stats.ts'
import { isLibvirtError } from '../../libvirt/client/libvirt-error.ts'
import type { ConductorTiming } from './conductor-timing.ts'
import type { Side } from './side.ts'

/** Until the job has said something for the first time it is asked more often: what waits for it must not wait for a whole interval. */
const eagerMs = 20

/**
 * Asks the source for the job's statistics at an even pace until the signal, over its control connection, which is opened anew when it was lost.
 * `told` is called with null where there is no job (yet, or any more). Never rejects.
 */
export async function sampleJob(
  source: Side,
  vm: { readonly name: string; readonly uuid: string },
  timing: ConductorTiming,
  signal: AbortSignal,
  told: (stats: JobStats | null) => void,
): Promise<void> {
  let hasSpoken = false
  let retryMs = timing.retryMs
  while (!signal.aborted) {
    const started = performance.now()
    try {
      const connection = await source.control(signal)
      const stats = jobStatsOf(await connection.call('domainGetJobStats', { dom: { ...vm, id: -1 }, flags: 0 }, { deadlineMs: timing.callMs, signal }))
      retryMs = timing.retryMs
      const isUnderWay = stats.type !== 'none'
      hasSpoken ||= isUnderWay
      told(isUnderWay ? stats : null)
    } catch (thrown) {
      if (signal.aborted) return
      if (isLibvirtError(thrown)) told(null)
      else {
        await delay(retryMs, signal).catch(() => {})
        retryMs = Math.min(retryMs * 2, timing.slowestRetryMs)
      }
    }
    const pause = (hasSpoken ? timing.sampleMs : eagerMs) - (performance.now() - started)
    await delay(Math.max(1, pause), signal).catch(() => {})
  }
}
