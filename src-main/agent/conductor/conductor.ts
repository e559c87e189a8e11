import { delay } from '../../base/abort.ts'
import { Failure, messageOf } from '../../base/failure.ts'
import { migrateFlags } from '../../libvirt/wire/constants/migrate.ts'
import type { JobStats } from '../../libvirt/client/job-stats.ts'
import type { Connection } from '../../libvirt/client/connection.ts'
import { drive } from '../../libvirt/drive/drive.ts'
import type { Outcome, StepNote } from '../../libvirt/drive/outcome.ts'
import type { MoveOutcome, MoveSample } from '../protocol/move-event.ts'
import type { MoveSpec } from '../protocol/move-spec.ts'
import { usualTiming } from './conductor-timing.ts'
import { handOverConsequence } from './consequences.ts'
import { controlsOf } from './controls.ts'
import { Ending } from './ending.ts'
import { Figures } from './figures.ts'
import type { MoveSurroundings } from './conduct.ts'
import { Limits } from './limits.ts'
import type { MoveContext } from './move-context.ts'
import { moveFailureOf } from './move-failure.ts'
import { flagsOf, movePlanOf, recoveryPlanOf } from './move-plan.ts'
import { Recorder } from './recorder.ts'
import { Recovery } from './recovery.ts'
import { Relayed } from './relayed.ts'
import { sampleJob } from './sampler.ts'
import { copyPhase, Sampling } from './sampling.ts'
import { Side } from './side.ts'
import { StepNotes } from './step-notes.ts'
import { SwitchForecast } from './switch-forecast.ts'
import { Switching } from './switching.ts'

/** One move from its first call to its last word. Use it through `conduct`. */
export class Conductor {
  readonly #move: MoveContext
  readonly #surroundings: MoveSurroundings
  readonly #over = new AbortController()
  readonly #cancel = new AbortController()
  readonly #switching: Switching
  readonly #recovery: Recovery
  readonly #ending: Ending
  readonly #limits: Limits
  readonly #figures: Figures
  readonly #sampling = new Sampling()
  readonly #forecast: SwitchForecast
  readonly #relayed: Relayed | null
  #lastSample: MoveSample | null = null
  #progressedAt = 0

  readonly ended: Promise<MoveOutcome>

  constructor(spec: MoveSpec, surroundings: MoveSurroundings) {
    const timing = { ...usualTiming, ...surroundings.timing }
    const recorder = new Recorder(surroundings.journal)
    const { source, destination } = surroundings
    this.#surroundings = surroundings
    this.#move = {
      spec,
      plan: movePlanOf(spec),
      recoveryPlan: recoveryPlanOf(spec),
      source: new Side('source', source, timing.openMs),
      destination: new Side('destination', destination, timing.openMs),
      names: { source: source.name, destination: destination.name },
      recorder,
      notes: new StepNotes(recorder),
      timing,
      over: this.#over.signal,
      course: { stage: 'preparing', isCancelling: false, hasFinished: false, isSwitching: false, hasJob: false, hasLostDestination: false, isStalled: false },
    }
    this.#switching = new Switching(this.#move)
    this.#recovery = new Recovery(this.#move)
    this.#relayed = surroundings.relay ? new Relayed(this.#move, surroundings.relay) : null
    this.#ending = new Ending(this.#move, () => this.#recovery.run(), () => this.#relayed?.failure ?? null)
    this.#limits = new Limits(this.#move)
    this.#figures = new Figures(this.#move)
    this.#forecast = new SwitchForecast(spec.switchPolicy)
    this.ended = this.#run()
  }

  get onDidHappen() {
    return this.#move.recorder.onDidHappen
  }

  async cancel(): Promise<void> {
    const { course } = this.#move
    // A switch that is on its way decides whether there is anything left to cancel.
    await this.#switching.quiet()
    if (course.isCancelling && course.stage !== 'over') return
    const { cancellation } = controlsOf(this.#move)
    if (course.stage === 'over') throw new Failure('move-ended', 'The move has already ended.')
    if (cancellation.can === 'no') throw new Failure('move-not-cancellable', cancellation.reason)
    course.isCancelling = true
    this.#move.recorder.log('info', 'Cancelling.')
    this.#showControls()
    this.#cancel.abort(new Failure('cancelled', 'The move was cancelled.'))
  }

  async setLimits(change: { readonly bandwidthMiBps?: number; readonly downtimeMs?: number }): Promise<void> {
    if (this.#move.course.stage === 'over') throw new Failure('move-ended', 'The move has already ended.')
    if (change.bandwidthMiBps !== undefined) this.#relayed?.setBandwidth(change.bandwidthMiBps)
    await this.#limits.change(change)
  }

  switchToPostcopy(): Promise<void> {
    return this.#switching.byHand()
  }

  async recover(): Promise<void> {
    if (!controlsOf(this.#move).canRecover) throw new Failure('move-cannot-recover', 'There is nothing to recover now.')
    await this.#recovery.now()
  }

  async #run(): Promise<MoveOutcome> {
    // Whoever started it subscribes first.
    await Promise.resolve()
    const { recorder, spec, course, source, destination } = this.#move
    recorder.tell({ kind: 'started', vm: spec.vm, technique: spec.technique, driver: this.#surroundings.driver, flags: flagsOf(spec) })
    recorder.enter('preparing')
    this.#showControls()
    let outcome: MoveOutcome
    try {
      outcome = await this.#conduct()
    } catch (thrown) {
      outcome = { kind: 'failed', failure: moveFailureOf(thrown), whereabouts: await this.#ending.whereabouts().catch(() => null) }
    }
    if (outcome.kind === 'succeeded') await this.#relayed?.arrived()
    else this.#relayed?.giveUp()
    course.stage = 'over'
    this.#move.notes.flush()
    this.#showControls()
    this.#over.abort(new Failure('move-ended', 'The move has ended.'))
    source.close()
    destination.close()
    recorder.tell({ kind: 'ended', outcome })
    return outcome
  }

  async #conduct(): Promise<MoveOutcome> {
    const { source, destination, over } = this.#move
    let outcome: Outcome
    try {
      const hands = await this.#open()
      void sampleJob(source, this.#move.spec.vm, this.#move.timing, over, (stats) => this.#sampled(stats))
      outcome = await this.#drive(hands)
    } catch (thrown) {
      if (!(thrown instanceof OpenFailure)) throw thrown
      if (this.#cancel.signal.aborted) return { kind: 'cancelled', whereabouts: await this.#ending.whereabouts() }
      return { kind: 'failed', failure: moveFailureOf(thrown.reason, { side: thrown.side }), whereabouts: await this.#ending.whereabouts() }
    }
    const last = await this.#ending.conclude(outcome)
    if (!('outcome' in last)) return last
    const figures = await this.#figures.final(this.#lastSample, destination.openControl)
    return { kind: 'succeeded', figures, ...(last.remark === undefined ? {} : { remark: last.remark }) }
  }

  /** All connections at once: two per side, one for the five calls and one for control. */
  async #open(): Promise<{ source: Connection; destination: Connection; control: Connection }> {
    const { source, destination } = this.#move
    const { signal } = this.#cancel
    const opening = [source.open(signal), source.control(signal), destination.open(signal), destination.control(signal)] as const
    const [forCalls, control, atDestination, controlAtDestination] = await Promise.all(
      opening.map(async (connection, i) => {
        try {
          return await connection
        } catch (thrown) {
          throw new OpenFailure(i < 2 ? 'source' : 'destination', thrown)
        }
      }),
    )
    const hands = { source: forCalls as Connection, destination: atDestination as Connection, control: control as Connection }
    this.#figures.listen(hands.control)
    this.#relayed?.listen(hands.control, controlAtDestination as Connection)
    hands.destination.onDidClose((state) => {
      if (state.kind === 'lost') void this.#lostDestination(messageOf(state.reason))
    })
    return hands
  }

  #drive(hands: { source: Connection; destination: Connection; control: Connection }): Promise<Outcome> {
    const { plan, recorder, names } = this.#move
    return drive(plan, {
      source: hands.source,
      destination: hands.destination,
      control: hands.control,
      signal: this.#cancel.signal,
      onStep: (note) => this.#stepped(note),
      ...this.#relayed?.hooks(this.#cancel.signal),
      onCancelRefused: (failure) => void this.#cancelAgain(failure),
      beforePerform: async () => {
        // Prepare's answer is told first.
        await Promise.resolve()
        if (this.#cancel.signal.aborted) return
        if (this.#move.spec.technique === 'precopy') recorder.tell({ kind: 'no-return', state: 'announced', consequence: handOverConsequence(names) })
        await recorder.commit({ kind: 'intent', intent: 'perform-finish' })
      },
    })
  }

  #stepped(note: StepNote): void {
    const { course, recorder, notes, spec, names } = this.#move
    notes.take(note)
    if (note.step === 'confirm' && note.phase === 'answered' && !note.isCancelling) this.#relayed?.confirmed()
    if (note.phase !== 'sent' || note.isCancelling) return
    if (note.step === 'perform') {
      course.stage = 'copying'
      // Disks come first, and QEMU says nothing of memory before they are in sync.
      const copiesDisks = (spec.flags & (migrateFlags.nonSharedDisk | migrateFlags.nonSharedInc)) !== 0
      recorder.enter(copiesDisks ? 'storage' : 'memory')
      this.#showControls()
      if (spec.technique === 'postcopy') this.#switching.wish('the technique asks for it at once.')
    } else if (note.step === 'finish') {
      course.hasFinished = true
      if (recorder.hasCrossedSwitch) recorder.enter('postcopy')
      else {
        course.stage = 'finishing'
        recorder.enter('finishing')
        // A switch whose answer is still on its way is told when it is here.
        if (!course.isSwitching) recorder.tell({ kind: 'no-return', state: 'crossed', consequence: handOverConsequence(names) })
      }
      this.#progressedAt = performance.now()
      this.#showControls()
    } else if (note.step === 'confirm') recorder.enter('finishing')
  }

  #sampled(stats: JobStats | null): void {
    const { course, recorder, timing } = this.#move
    if (!stats || course.stage === 'preparing' || course.stage === 'over') return
    const now = performance.now()
    const phase = copyPhase(stats)
    if (phase && course.stage === 'copying' && !course.isSwitching) recorder.enter(phase)
    const sample = this.#sampling.take(stats, recorder.phase, now)
    if (!sample) return
    if (sample.memoryTransferred !== this.#lastSample?.memoryTransferred) this.#progressedAt = now
    this.#lastSample = sample
    recorder.tell({ kind: 'sample', sample })
    if (!course.hasJob) {
      course.hasJob = true
      void this.#limits.applyFirst()
    }
    if (course.stage === 'copying' && this.#move.spec.technique === 'hybrid') {
      const reason = this.#forecast.reasonToSwitch(sample, now, this.#limits.now.downtimeMs)
      if (reason !== null) this.#switching.wish(reason)
    }
    course.isStalled = course.stage === 'switched' && sample.memoryRemaining > 0 && now - this.#progressedAt > timing.stallMs
    this.#showControls()
  }

  /** A cancel that came before the job could be aborted, or to a daemon that was busy, is asked for again while it still can be. */
  async #cancelAgain(failure: Failure): Promise<void> {
    const { course, source, spec, over, recorder, timing } = this.#move
    let last = failure.evidence ?? failure.message
    while (course.stage === 'copying' && !over.aborted) {
      try {
        await delay(timing.sampleMs, over)
        if (course.stage !== 'copying') break
        await (await source.control(over)).call('domainAbortJob', { dom: { ...spec.vm, id: -1 } }, { deadlineMs: timing.callMs, signal: over })
        return
      } catch (thrown) {
        last = messageOf(thrown)
      }
    }
    if (!over.aborted) recorder.log('warning', `Too late to cancel: ${last}`)
  }

  /**
   * libvirt ends what it prepared when the connection goes (autodestroy), and a daemon that died will not answer Finish: a pre-copy that went on
   * would only end with the VM standing still at the source. So it is aborted while that still costs nothing.
   */
  async #lostDestination(reason: string): Promise<void> {
    const { course, recorder, names, over, source, spec, timing } = this.#move
    course.hasLostDestination = true
    await this.#switching.quiet()
    if (course.stage !== 'copying' || course.hasFinished || over.aborted) return
    recorder.log('warning', `The connection to ${names.destination} was lost, so the copying is stopped: ${reason}`)
    this.#showControls()
    while (course.stage === 'copying' && !over.aborted) {
      try {
        return await (await source.control(over)).call('domainAbortJob', { dom: { ...spec.vm, id: -1 } }, { deadlineMs: timing.callMs, signal: over })
      } catch {
        await delay(timing.sampleMs, over).catch(() => {})
      }
    }
  }

  #showControls(): void {
    this.#move.recorder.control(controlsOf(this.#move))
  }
}

class OpenFailure extends Error {
  readonly side: 'source' | 'destination'
  readonly reason: unknown

  constructor(side: 'source' | 'destination', reason: unknown) {
    super(messageOf(reason))
    this.side = side
    this.reason = reason
  }
}
