import { messageOf } from '../../base/failure.ts'
import { maxSpeedFlags } from '../../libvirt/wire/constants/job.ts'
import type { MoveLimits } from '../protocol/move-spec.ts'
import type { MoveContext } from './move-context.ts'

/** Bandwidth and downtime, before the job and in flight. */
export class Limits {
  readonly #move: MoveContext
  #limits: MoveLimits
  #isDowntimePending: boolean

  constructor(move: MoveContext) {
    this.#move = move
    this.#limits = move.spec.limits
    this.#isDowntimePending = move.spec.limits.downtimeMs !== null
  }

  get now(): MoveLimits {
    return this.#limits
  }

  /** The job is there: what can only be set on it is set. Never rejects: a move without its downtime limit is still a move. */
  async applyFirst(): Promise<void> {
    if (!this.#isDowntimePending) return
    try {
      await this.#apply({ ...(this.#limits.downtimeMs === null ? {} : { downtimeMs: this.#limits.downtimeMs }) })
      this.#move.recorder.tell({ kind: 'limits', limits: this.#limits })
    } catch (thrown) {
      this.#move.recorder.log('warning', `The downtime limit could not be set: ${messageOf(thrown)}`)
    }
  }

  /** Rejects with what libvirt says. */
  async change(change: { readonly bandwidthMiBps?: number; readonly downtimeMs?: number }): Promise<void> {
    const { course, recorder } = this.#move
    await this.#apply(course.hasJob || change.downtimeMs === undefined ? change : { ...(change.bandwidthMiBps === undefined ? {} : { bandwidthMiBps: change.bandwidthMiBps }) })
    this.#limits = {
      ...this.#limits,
      ...(change.downtimeMs === undefined ? {} : { downtimeMs: change.downtimeMs }),
      ...(change.bandwidthMiBps === undefined ? {} : recorder.hasCrossedSwitch ? { postcopyBandwidthMiBps: change.bandwidthMiBps } : { bandwidthMiBps: change.bandwidthMiBps }),
    }
    if (change.downtimeMs !== undefined && !course.hasJob) this.#isDowntimePending = true
    recorder.tell({ kind: 'limits', limits: this.#limits })
  }

  async #apply(change: { readonly bandwidthMiBps?: number; readonly downtimeMs?: number }): Promise<void> {
    const { source, spec, over, timing, recorder } = this.#move
    const dom = { ...spec.vm, id: -1 }
    const options = { deadlineMs: timing.callMs, signal: over }
    const connection = await source.control(over)
    if (change.bandwidthMiBps !== undefined) {
      const flags = recorder.hasCrossedSwitch ? maxSpeedFlags.postcopy : 0
      await connection.call('domainMigrateSetMaxSpeed', { dom, bandwidth: change.bandwidthMiBps, flags }, options)
    }
    if (change.downtimeMs !== undefined) {
      await connection.call('domainMigrateSetMaxDowntime', { dom, downtime: change.downtimeMs, flags: 0 }, options)
      this.#isDowntimePending = false
    }
  }
}
