import { delay } from '../../base/abort.ts'
import { messageOf, type Failure } from '../../base/failure.ts'
import type { Connection } from '../../libvirt/client/connection.ts'
import { presenceOf } from '../../libvirt/drive/presence.ts'
import type { Outcome } from '../../libvirt/drive/outcome.ts'
import type { Whereabouts } from '../../libvirt/drive/undecided.ts'
import type { MoveFailure, MoveOutcome, MoveWhereabouts } from '../protocol/move-event.ts'
import { controlsOf } from './controls.ts'
import type { MoveContext } from './move-context.ts'
import { callFailureOf, moveFailureOf } from './move-failure.ts'
import { isOthersMove, locate, placeOf, whereaboutsOf } from './whereabouts.ts'

type Failed = Extract<Outcome, { outcome: 'failed' }>
type Undecided = Extract<Outcome, { outcome: 'undecided' }>
type Moved = Extract<Outcome, { outcome: 'moved' }>

/** Why it failed, rather than how: libvirt's error only tells that the job was aborted. */
function lostDestination(destination: string, failure: MoveFailure): MoveFailure {
  return {
    ...failure,
    code: 'destination-lost',
    sentence: `The connection to ${destination} was lost while memory was being copied.`,
    evidence: failure.evidence ?? failure.sentence,
    side: 'destination',
    next: `See that ${destination} and its libvirt daemon are up, then move the VM again.`,
  }
}

/** Between two questions to daemons that are still at work. */
const askEveryMs = 200

/** Brings a drive's outcome to a last word: asks both daemons where the VM is, as long as that takes. */
export class Ending {
  readonly #move: MoveContext
  readonly #recover: () => Promise<Outcome>
  readonly #brokenWay: () => Failure | null

  /**
   * `recover` carries a broken post-copy on, and resolves when an attempt has come through or has changed what is there.
   * `brokenWay`: why the memory's way through the agents broke, where it did.
   */
  constructor(move: MoveContext, recover: () => Promise<Outcome>, brokenWay: () => Failure | null) {
    this.#move = move
    this.#recover = recover
    this.#brokenWay = brokenWay
  }

  async conclude(first: Outcome): Promise<{ outcome: 'moved'; remark?: string } | MoveOutcome> {
    const { names } = this.#move
    let outcome = first
    for (;;) {
      if (outcome.outcome === 'moved') return this.#letGo(outcome)
      if (outcome.outcome === 'undecided') {
        const settled = await this.#settle(outcome)
        if (settled) {
          outcome = settled
          continue
        }
        return { kind: 'failed', failure: callFailureOf(outcome.error, outcome.at, names), whereabouts: await this.whereabouts() }
      }
      const found = await this.#findAfter(outcome)
      if (found.verdict === 'postcopy-broken') {
        outcome = await this.#recover()
        continue
      }
      return this.#failed(outcome, found)
    }
  }

  /** Asks both once more, now. */
  async whereabouts(): Promise<MoveWhereabouts> {
    const { names, course } = this.#move
    return whereaboutsOf(await this.find(), names, course.hasFinished, course.stage !== 'preparing')
  }

  async find(): Promise<Whereabouts> {
    const { spec, timing, over } = this.#move
    const [source, destination] = await Promise.all([this.reach('source'), this.reach('destination')])
    return locate(source, destination, spec.vm.uuid, { deadlineMs: timing.callMs, signal: over })
  }

  /** The control connection of a side, null where it cannot be had now. */
  async reach(which: 'source' | 'destination'): Promise<Connection | null> {
    try {
      return await this.#move[which].control(this.#move.over)
    } catch {
      return null
    }
  }

  /**
   * A source that runs after the destination was told to go on would be a second copy (QEMU 10 resumes one by itself when the
   * migration's connection breaks at the wrong moment): it is suspended before anything else is asked.
   */
  async guardSource(): Promise<void> {
    const { spec, course, recorder, names, timing } = this.#move
    if (!course.hasFinished || !recorder.hasCrossedSwitch) return
    const source = await this.reach('source')
    if (!source) return
    const presence = await presenceOf(source, spec.vm.uuid, { deadlineMs: timing.callMs })
    if (presence.kind !== 'active' || placeOf(presence) !== 'running') return
    try {
      await source.call('domainSuspend', { dom: { ...spec.vm, id: -1 } }, { deadlineMs: timing.callMs })
      recorder.log('warning', `The VM was found running on ${names.source} after the switch, and was suspended there: its copy on ${names.destination} may be the later one.`)
    } catch (thrown) {
      recorder.log('error', `The VM runs on ${names.source} after the switch and could not be suspended there: ${messageOf(thrown)}`)
    }
  }

  /** Where the VM is once both daemons have stopped working on it, or when it has taken too long to find out. */
  async #findAfter(outcome: Failed): Promise<Whereabouts> {
    const { timing, over, recorder, course } = this.#move
    await this.guardSource()
    const patienceMs = recorder.hasCrossedSwitch ? timing.settleForMs : timing.locateForMs
    const until = performance.now() + patienceMs
    let pauseMs = askEveryMs
    for (;;) {
      const found = await this.find()
      const isOpen = found.verdict === 'moving' || found.verdict === 'postcopy' || found.verdict === 'unknown' || isOthersMove(found, course.stage !== 'preparing')
      // A fault that came before anything had been prepared leaves the destination out of it.
      if (!isOpen || (found.verdict === 'unknown' && outcome.at === 'begin') || performance.now() > until) return found
      await delay(pauseMs, over)
      if (found.verdict === 'unknown') pauseMs = Math.min(pauseMs * 2, timing.slowestRetryMs)
    }
  }

  #failed(outcome: Failed, found: Whereabouts): { outcome: 'moved'; remark: string } | MoveOutcome {
    const { names, course } = this.#move
    const whereabouts = whereaboutsOf(found, names, course.hasFinished, course.stage !== 'preparing')
    const failure = this.#ofTheWay(callFailureOf(outcome.error, outcome.at, names))
    if (course.hasFinished && (found.verdict === 'at-destination' || found.verdict === 'left-behind')) {
      return { outcome: 'moved', remark: `${whereabouts.verdict} libvirt reported an error at the end all the same: ${failure.sentence}` }
    }
    if (outcome.isCancelled && !course.hasFinished) return { kind: 'cancelled', whereabouts }
    if (course.hasLostDestination && outcome.at === 'perform') return { kind: 'failed', failure: lostDestination(names.destination, failure), whereabouts }
    return { kind: 'failed', failure, whereabouts }
  }

  /** Perform's own error says only that a connection went. */
  #ofTheWay(failure: MoveFailure): MoveFailure {
    const broken = this.#brokenWay()
    // Memory that is scattered may be lost long after Perform.
    if (!broken || (failure.step !== 'perform' && !/^scatter-(pages|destination)-lost$/.test(broken.code))) return failure
    const told = moveFailureOf(broken, failure.step === undefined ? {} : { step: failure.step })
    return { ...told, evidence: [told.evidence, failure.sentence].filter((text) => text !== undefined).join('; '), next: told.next ?? 'The VM runs on where it was; see that the hosts reach each other, then move it again.' }
  }

  /** Asks until it is decided; null when it took too long. */
  async #settle(first: Undecided): Promise<Outcome | null> {
    const { timing, over, recorder, course, names } = this.#move
    let outcome: Undecided = first
    const until = performance.now() + timing.settleForMs
    let pauseMs = timing.retryMs
    recorder.log('warning', `${first.at === 'perform' ? names.source : names.destination} did not answer ${first.at}; both hosts are asked where the VM is. ${messageOf(first.error)}`)
    if (recorder.hasCrossedSwitch) {
      course.stage = 'recovering'
      recorder.enter('recovering')
      recorder.tell({ kind: 'recovering', state: 'waiting', reason: messageOf(first.error) })
      recorder.control(controlsOf(this.#move))
    }
    while (performance.now() < until) {
      await this.guardSource()
      const [source, destination] = await Promise.all([this.reach('source'), this.reach('destination')])
      if (source && destination) {
        try {
          const settled = await outcome.settle({ source, destination, signal: over })
          if (settled.outcome !== 'undecided') return settled
          outcome = settled
        } catch (thrown) {
          // The connection went while it asked.
          recorder.log('info', `Not yet clear: ${messageOf(thrown)}`)
        }
      }
      await delay(pauseMs, over)
      pauseMs = Math.min(pauseMs * 2, timing.slowestRetryMs)
    }
    return null
  }

  /** The VM is at the destination; a source that would not let go is told again. */
  async #letGo({ leftBehind }: Moved): Promise<{ outcome: 'moved'; remark?: string }> {
    if (!leftBehind) return { outcome: 'moved' }
    const { timing, over, recorder, names } = this.#move
    const until = performance.now() + timing.locateForMs
    let last: unknown = leftBehind.error
    for (let pauseMs = timing.retryMs; performance.now() < until; pauseMs = Math.min(pauseMs * 2, timing.slowestRetryMs)) {
      const source = await this.reach('source')
      if (source) {
        const presence = await presenceOf(source, this.#move.spec.vm.uuid, { deadlineMs: timing.callMs })
        if (presence.kind === 'absent' || presence.kind === 'inactive') return { outcome: 'moved' }
        try {
          await leftBehind.confirm(source)
          return { outcome: 'moved' }
        } catch (thrown) {
          last = thrown
        }
      }
      await delay(pauseMs, over)
    }
    recorder.log('warning', `${names.source} was not told that the VM has left: ${messageOf(last)}`)
    return { outcome: 'moved', remark: `The VM is on ${names.destination}. ${names.source} still holds a stale copy: never resume it. ${messageOf(last)}` }
  }
}
