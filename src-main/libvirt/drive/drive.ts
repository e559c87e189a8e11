import type { Log } from '../../base/log.ts'
import { Failure, messageOf } from '../../base/failure.ts'
import type { Connection } from '../client/connection.ts'
import { isLibvirtError, LibvirtError } from '../client/libvirt-error.ts'
import { domainStateOf, domainStates } from '../wire/constants/domain-state.ts'
import { migrateFlags, migrateParameters } from '../wire/constants/migrate.ts'
import type { DomainRef } from '../wire/objects.ts'
import type { ResultOf } from '../wire/procedures.ts'
import { Cancellation } from './cancellation.ts'
import type { MoveCall, Outcome, SettlingHands, SourceAfter, StepNote } from './outcome.ts'
import { destinationBits, flagBits, MoveParameters, type MovePlan } from './plan.ts'
import { releaseSource, undefineDomain } from './release.ts'
import { settleFinish, settlePerform } from './settle.ts'

export interface DriveHands {
  /** These carry the five calls, with no deadline, and belong to the caller. Losing one in mid-move decides the move. */
  readonly source: Connection
  readonly destination: Connection
  /** Another connection to the source, for cancelling while Perform runs. Default: `source`, which has room for it. */
  readonly control?: Connection
  /** Aborting it cancels, as long as that is possible. */
  readonly signal?: AbortSignal
  /** Told at once and synchronously. What it throws before a call up to Perform stops the move; afterwards it is only logged. */
  readonly onStep?: (note: StepNote) => void
  readonly onCancelRefused?: (failure: Failure<'cancel-refused'>) => void
  /** Between Prepare and Perform: the address that the source's QEMU is to use instead of what the destination answered. */
  readonly replaceUri?: (uriOut: string) => string | Promise<string>
  /** What stands in Begin's and Prepare's cookie on its way to the other side; default: all. */
  readonly replaceCookie?: (cookie: Buffer) => Buffer
  /**
   * Called as soon as Finish has left. Resolves when the source may let go although the destination still gathers memory from elsewhere: Confirm is then sent before
   * Finish is answered, and ends the source's QEMU at once. Who resolves it has proof that nothing of the domain is at the source alone, and that Finish
   * can no longer fail for want of the source. Its rejection, or none of it in time, leaves the usual order.
   */
  readonly mayReleaseEarly?: () => Promise<void>
  /** Right before Perform, the last moment to write down what is about to happen. */
  readonly beforePerform?: () => Promise<void>
  readonly log?: Log
}

const noCookie = Buffer.alloc(0)

/**
 * A managed move: the five calls with the error rules of libvirt's own client (virDomainMigrateVersion3Full, libvirt-domain.c).
 * Prepare failed: Confirm cancels at the source. Perform failed: Finish cancels at the destination, and the source needs no Confirm.
 * Finish failed: Confirm cancels. Beyond libvirt's: where Perform's or Finish's answer does not come nothing is assumed, see `undecided`.
 * Never rejects. XML and cookies stay in memory and are in no error of ours.
 */
export function drive(plan: MovePlan, hands: DriveHands): Promise<Outcome> {
  return new Move(plan, hands).run()
}

export class Move {
  readonly domain: DomainRef
  readonly parameters: MoveParameters
  readonly hands: DriveHands
  readonly plan: MovePlan
  readonly cancellation: Cancellation
  /** Confirm was sent while Finish was under way: whatever becomes of Finish, the source must not be told anything else. */
  #early: Promise<void> | null = null
  #hasFinishEnded = false
  #flags: number
  #pending: StepNote[] = []

  constructor(plan: MovePlan, hands: DriveHands) {
    this.plan = plan
    this.hands = hands
    this.domain = { name: plan.domain.name, uuid: plan.domain.uuid, id: -1 }
    this.parameters = new MoveParameters(plan)
    this.#flags = flagBits(plan.flags)
    this.cancellation = new Cancellation({
      ...(hands.signal ? { signal: hands.signal } : {}),
      control: () => (hands.control?.isOpen ? hands.control : hands.source),
      domain: this.domain,
      refused: (failure) => hands.onCancelRefused?.(failure),
    })
  }

  async run(): Promise<Outcome> {
    // So that nobody is told of a step before they have the promise in their hands.
    await null
    try {
      return await this.#run()
    } finally {
      this.#tellPending()
      this.cancellation.over()
    }
  }

  async #run(): Promise<Outcome> {
    const { source, destination } = this.hands
    let begun: ResultOf<'domainMigrateBegin3Params'>
    try {
      this.cancellation.check()
      this.#announce('begin')
      begun = await this.#step('begin', () =>
        source.call(
          'domainMigrateBegin3Params',
          { dom: this.domain, params: this.parameters.all, flags: this.sourceFlags },
          { deadlineMs: null },
        ),
      )
    } catch (thrown) {
      // Nothing has begun that would have to be ended; a begin that was not answered ends with its connection.
      return this.failed('begin', thrown)
    }
    let prepared: ResultOf<'domainMigratePrepare3Params'>
    try {
      await this.#keepPaused()
      this.cancellation.check()
      this.parameters.replace(migrateParameters.destXml, begun.xml)
      this.#announce('prepare')
      prepared = await this.#step('prepare', () =>
        destination.call(
          'domainMigratePrepare3Params',
          { params: this.parameters.all, cookieIn: this.#handedOn(begun.cookieOut), flags: this.destinationFlags },
          { deadlineMs: null },
        ),
      )
    } catch (thrown) {
      await this.confirm(source, noCookie, true).catch(() => {})
      return this.failed('prepare', thrown)
    }
    try {
      await this.#readyToPerform(prepared.uriOut)
    } catch (thrown) {
      await this.#cancelDestination(prepared.cookieOut)
      await this.confirm(source, noCookie, true).catch(() => {})
      return this.failed('prepare', thrown)
    }
    if (this.plan.flags.offline === true) return this.#finish(noCookie)
    return this.#perform(this.#handedOn(prepared.cookieOut))
  }

  /** The URI is settled, and whoever must know of what comes has been told. */
  async #readyToPerform(uriOut: string | null): Promise<void> {
    if (uriOut !== null) this.parameters.replace(migrateParameters.uri, uriOut)
    const uri = uriOut ?? this.plan.migrateUri
    if (uri === undefined) throw new Failure('no-migration-uri', 'The destination did not say where the memory is to be sent.')
    if (this.hands.replaceUri) this.parameters.replace(migrateParameters.uri, await this.hands.replaceUri(uri))
    await this.hands.beforePerform?.()
    this.cancellation.check()
    if (this.plan.flags.offline !== true) this.#announce('perform')
  }

  async #perform(cookieIn: Buffer): Promise<Outcome> {
    const { source } = this.hands
    let performed: ResultOf<'domainMigratePerform3Params'>
    this.cancellation.performing()
    try {
      performed = await this.#step('perform', () =>
        source.call(
          'domainMigratePerform3Params',
          { dom: this.domain, dconnuri: null, params: this.parameters.all, cookieIn, flags: this.sourceFlags },
          { deadlineMs: null },
        ),
      )
    } catch (thrown) {
      const error = errorOf(thrown)
      if (isUnanswered(error))
        return { outcome: 'undecided', at: 'perform', error, settle: (settling) => settlePerform(this, error, settling) }
      return this.performFailed(error)
    }
    // An unwanted end of a pre-copy can still be undone; after a switch to post-copy the destination must go on.
    if (this.cancellation.isWanted && this.plan.flags.postcopy !== true) {
      await this.#cancelDestination(performed.cookieOut)
      await this.confirm(source, noCookie, true).catch(() => {})
      return this.failed('perform', this.cancellation.reason)
    }
    return this.#finish(performed.cookieOut)
  }

  /** Perform failed, so the source goes on by itself: the destination is told, and may know better why. */
  async performFailed(error: Error, source: Connection = this.hands.source): Promise<Outcome> {
    const atDestination = await this.#cancelDestination(noCookie)
    const isVague = isLibvirtError(error, 'VIR_ERR_OPERATION_FAILED') && error.domainName === 'VIR_FROM_QEMU'
    const isTelling =
      isLibvirtError(atDestination) &&
      atDestination.domainName === 'VIR_FROM_QEMU' &&
      atDestination.errorName !== 'VIR_ERR_MIGRATE_FINISH_OK'
    return this.failed('perform', isVague && isTelling ? atDestination : error, source)
  }

  /** After a switch to post-copy whose Perform was not answered. */
  goOn(source: Connection): Promise<Outcome> {
    return this.#finish(noCookie, source)
  }

  /** Finish leaves before anything else happens: after a switch to post-copy the guest stands still until it arrives. */
  async #finish(cookieIn: Buffer, source: Connection = this.hands.source): Promise<Outcome> {
    this.cancellation.committed()
    let finished: ResultOf<'domainMigrateFinish3Params'>
    try {
      const finishing = this.finish(this.hands.destination, cookieIn, false)
      void this.#releaseEarly(source)
      finished = await finishing.finally(() => (this.#hasFinishEnded = true))
    } catch (thrown) {
      const error = errorOf(thrown)
      if (isUnanswered(error))
        return { outcome: 'undecided', at: 'finish', error, settle: (settling) => settleFinish(this, error, settling) }
      await this.confirm(source, noCookie, true).catch(() => {})
      return this.failed('finish', error, source)
    }
    return this.arrived(source, finished.dom, finished.cookieOut)
  }

  #handedOn(cookie: Buffer): Buffer {
    return this.hands.replaceCookie?.(cookie) ?? cookie
  }

  /** Undefining waits until Finish has been answered: until then the definition at the source may be the only one. */
  async #releaseEarly(source: Connection): Promise<void> {
    if (!this.hands.mayReleaseEarly) return
    try {
      await this.hands.mayReleaseEarly()
    } catch (thrown) {
      return this.hands.log?.warn({ domain: this.domain.name }, `the source is not released early: ${messageOf(thrown)}`)
    }
    if (this.#hasFinishEnded) return
    const flags = (this.sourceFlags & ~migrateFlags.undefineSource) >>> 0
    this.#early = this.#confirm(source, noCookie, false, flags)
    this.#early.catch(() => {})
  }

  finish(destination: Connection, cookieIn: Buffer, isCancelling: boolean): Promise<ResultOf<'domainMigrateFinish3Params'>> {
    if (!this.parameters.has(migrateParameters.destName)) this.parameters.replace(migrateParameters.destName, this.domain.name)
    const args = { params: this.parameters.all, cookieIn, flags: this.destinationFlags, cancelled: isCancelling ? 1 : 0 }
    return this.#step('finish', () => destination.call('domainMigrateFinish3Params', args, { deadlineMs: null }), isCancelling)
  }

  /** The destination has it: the source lets go of its copy. */
  async arrived(source: Connection, domain: DomainRef, cookie: Buffer): Promise<Outcome> {
    try {
      if (this.#early) {
        await this.#early
        if (this.plan.flags.undefineSource === true) await undefineDomain(this, source)
      } else await this.confirm(source, cookie, false)
      return { outcome: 'moved', domain, leftBehind: null }
    } catch (thrown) {
      const confirm = (again: Connection): Promise<void> => this.confirm(again, cookie, false)
      const release = (settling: SettlingHands): Promise<void> => releaseSource(this, cookie, settling)
      return { outcome: 'moved', domain, leftBehind: { error: errorOf(thrown), confirm, release } }
    }
  }

  /** A cancelling one is not sent after an early release: there is nothing left at the source that could go on. */
  async confirm(source: Connection, cookieIn: Buffer, isCancelling: boolean): Promise<void> {
    if (this.#early && isCancelling) return
    await this.#confirm(source, cookieIn, isCancelling, this.sourceFlags)
  }

  async #confirm(source: Connection, cookieIn: Buffer, isCancelling: boolean, flags: number): Promise<void> {
    const args = { dom: this.domain, params: this.parameters.all, cookieIn, flags, cancelled: isCancelling ? 1 : 0 }
    await this.#step('confirm', () => source.call('domainMigrateConfirm3Params', args, { deadlineMs: null }), isCancelling)
  }

  async failed(at: MoveCall, thrown: unknown, source: Connection = this.hands.source): Promise<Outcome> {
    return {
      outcome: 'failed',
      at,
      error: errorOf(thrown),
      isCancelled: this.cancellation.isWanted,
      source: await this.sourceState(source),
    }
  }

  async sourceState(source: Connection): Promise<SourceAfter> {
    try {
      const { state, reason } = await source.call('domainGetState', { dom: this.domain, flags: 0 }, { deadlineMs: 10_000 })
      return { kind: 'answered', state: domainStateOf(state, reason) }
    } catch (thrown) {
      return { kind: 'unanswered', error: errorOf(thrown) }
    }
  }

  get sourceFlags(): number {
    return (this.#flags | migrateFlags.changeProtection) >>> 0
  }

  get destinationFlags(): number {
    return destinationBits(this.#flags)
  }

  /** A domain that was paused arrives paused, as libvirt's client has it. */
  async #keepPaused(): Promise<void> {
    if (this.plan.flags.postcopyResume === true) return
    const state = await this.hands.source.call('domainGetState', { dom: this.domain, flags: 0 }).catch(() => null)
    if (state?.state === domainStates.paused) this.#flags |= migrateFlags.paused
  }

  /** Finish with cancelled = 1 answers with an error by design; resolves to it. */
  async #cancelDestination(cookieIn: Buffer): Promise<Error | null> {
    try {
      await this.finish(this.hands.destination, cookieIn, true)
      return null
    } catch (thrown) {
      return errorOf(thrown)
    }
  }

  /** Told before the call, and what the listener throws keeps it from being made. */
  #announce(step: 'begin' | 'prepare' | 'perform'): void {
    this.#tellPending()
    this.hands.onStep?.({ step, phase: 'sent', isCancelling: false, at: now() })
  }

  async #step<T>(step: MoveCall, call: () => Promise<T>, isCancelling = false): Promise<T> {
    const answer = call()
    if (step === 'finish' || step === 'confirm') this.#tellLater({ step, phase: 'sent', isCancelling, at: now() })
    try {
      const result = await answer
      this.#tellLater({ step, phase: 'answered', isCancelling, at: now() })
      return result
    } catch (thrown) {
      this.#tellLater({ step, phase: 'failed', isCancelling, at: now(), error: errorOf(thrown) })
      throw thrown
    }
  }

  /** Listeners are told once the promises have run dry: what follows an answer, Finish above all, does not wait for them. */
  #tellLater(note: StepNote): void {
    this.#pending.push(note)
    if (this.#pending.length === 1) process.nextTick(() => this.#tellPending())
  }

  #tellPending(): void {
    for (const note of this.#pending.splice(0)) {
      try {
        this.hands.onStep?.(note)
      } catch (thrown) {
        this.hands.log?.warn({ step: note.step }, `a listener failed: ${messageOf(thrown)}`)
      }
    }
  }
}

function errorOf(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(messageOf(thrown))
}

/** Anything but an answer of the daemon itself: the call may or may not have reached it, and may or may not have been carried out. */
function isUnanswered(error: Error): boolean {
  return !(error instanceof LibvirtError) && !(error instanceof Failure && (error.code === 'encode' || error.code === 'too-many-calls'))
}

function now(): number {
  return performance.timeOrigin + performance.now()
}
