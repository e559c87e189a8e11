import { delay } from '../../base/abort.ts'
import { jobStatsOf, type CompletedJob } from '../../libvirt/client/job-stats.ts'
import type { Connection } from '../../libvirt/client/connection.ts'
import { jobStatsFlags } from '../../libvirt/wire/constants/job.ts'
import type { MoveFigures, MoveSample } from '../protocol/move-event.ts'
import type { MoveContext } from './move-context.ts'

/** The source tells how the job went when it lets go; its event and Confirm's answer come over different connections. */
const eventMs = 300

/** The figures of a move that came through. */
export class Figures {
  readonly #move: MoveContext
  #completed: CompletedJob | null = null
  #heard: () => void = () => {}
  readonly #told = new Promise<void>((resolve) => (this.#heard = resolve))

  constructor(move: MoveContext) {
    this.#move = move
  }

  /** Listens for the job's end at the source, for as long as the connection lasts. */
  listen(control: Connection): void {
    control.events.onDidCompleteJob(({ dom, job }) => {
      if (dom.uuid !== this.#move.spec.vm.uuid) return
      this.#completed = job
      this.#heard()
    })
    // A daemon without the event is asked at the end.
    control.events.settled().catch(() => this.#heard())
  }

  async final(last: MoveSample | null, destination: Connection | null): Promise<MoveFigures> {
    const { notes, over } = this.#move
    await Promise.race([this.#told, delay(eventMs, over).catch(() => {})])
    const job = this.#completed ?? (await this.#ask(destination))
    const at = (step: string) => notes.answeredAt.get(step)
    const begun = notes.firstSentAt.get('begin')
    // Of a source that was let go early, Confirm is answered long before the destination has everything.
    const ended = Math.max(at('confirm') ?? 0, at('finish') ?? 0) || Date.now()
    const [performed, finished] = [at('perform'), at('finish')]
    const memory = job?.memory.processedBytes ?? last?.memoryTransferred ?? null
    const disk = job?.disk.processedBytes ?? last?.diskTransferred ?? 0
    return {
      totalMs: begun === undefined ? 0 : Math.round(ended - begun),
      downtimeMs: job?.downtimeMs ?? null,
      bytes: memory === null ? null : memory + disk,
      iterations: job?.memory.iteration ?? last?.iteration ?? null,
      finishMs: performed === undefined || finished === undefined ? null : Math.round((finished - performed) * 10) / 10,
    }
  }

  async #ask(destination: Connection | null): Promise<CompletedJob | null> {
    const { spec, timing } = this.#move
    try {
      const answer = await destination?.call('domainGetJobStats', { dom: { ...spec.vm, id: -1 }, flags: jobStatsFlags.completed }, { deadlineMs: timing.callMs })
      return answer ? jobStatsOf(answer) : null
    } catch {
      // Figures are no reason to call a move anything but done.
      return null
    }
  }
}
