import type { PageFigures, PageSample } from '../../../contract/pages.ts'
import type { PageFigures as AgentFigures } from '../../../agent/protocol/page-figures.ts'
import type { MoveSample } from '../../job/sample-log.ts'

const pageSize = 4096

/** What the agents count of a move's memory, as the job has it, and what that means for how far the move is. */
export class PagesOnTheirWay {
  #begunAt: number | null = null
  #last: PageFigures | null = null
  #delivered: { readonly t: number; readonly bytes: number } | null = null

  /** By the driver's clock, in milliseconds since the epoch. */
  begin(t: number): void {
    this.#begunAt = t
  }

  take(told: AgentFigures): PageFigures {
    const { sourceFreeAt, ...rest } = told
    this.#last = { ...rest, sourceFreeMs: sourceFreeAt === null ? null : Math.max(0, sourceFreeAt - (this.#begunAt ?? sourceFreeAt)) }
    return this.#last
  }

  /** For the columns of samples; null where QEMU speaks to QEMU. */
  get sample(): PageSample | null {
    if (!this.#last) return null
    const { classes, bytes, backlog, faults, depots } = this.#last
    return { classes, bytes, backlog, faults, depots: depots.map((each) => each.bytes) }
  }

  /** The sample as the destination would tell it: QEMU at the source calls done what still lies in depots. */
  asSeenBehind(row: MoveSample): MoveSample {
    const { pages } = row
    if (!pages || pages.backlog === null) return row
    const before = this.#delivered
    this.#delivered = { t: row.t, bytes: pages.bytes.toQemu }
    const rate = before && row.t > before.t ? ((pages.bytes.toQemu - before.bytes) * 1000) / (row.t - before.t) : 0
    return { ...row, memoryRemaining: Math.max(row.memoryRemaining, pages.backlog * pageSize), throughput: rate > 0 ? rate : row.throughput }
  }
}
