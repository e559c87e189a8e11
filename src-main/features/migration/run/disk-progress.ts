import type { OpenJob } from '../../job/open-job.ts'
import type { MoveSample } from '../../job/sample-log.ts'
import { LiveEta } from '../forecast/live-eta.ts'
import { progressOf } from '../forecast/progress.ts'

/** Milliseconds between two samples. */
const everyMs = 100
/** Rates are reckoned over at least this. */
const windowMs = 1000

/** Makes samples of bytes of disks that are copied before the five calls. */
export function diskProgress(job: OpenJob, now: () => number = Date.now): (done: number, total: number) => void {
  const eta = new LiveEta(job.view.plan.options)
  let window: { t: number; done: number }[] = []
  return (done, total) => {
    const t = now()
    const last = window.at(-1)
    if (last && t - last.t < everyMs && done < total) return
    window = [...window.filter((each) => t - each.t <= windowMs), { t, done }]
    const first = window[0]
    const throughput = first && t > first.t ? Math.round(((done - first.done) * 1000) / (t - first.t)) : 0
    const row: MoveSample = {
      t, phase: 'storage', memoryTotal: 0, memoryRemaining: 0, memoryTransferred: 0, throughput, dirtyRate: null, iteration: 0, throttle: 0,
      diskTotal: total, diskTransferred: done, postcopyRequests: 0, blocktimeMs: null, expectedDowntimeMs: null, pages: null,
    }
    job.run({ phase: 'storage' })
    job.sample(row)
    job.advance(progressOf(row), eta.take(row))
  }
}
