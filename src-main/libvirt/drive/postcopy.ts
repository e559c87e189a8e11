import { delay } from '../../base/abort.ts'
import { Failure, messageOf } from '../../base/failure.ts'
import type { Connection } from '../client/connection.ts'
import { isLibvirtError } from '../client/libvirt-error.ts'
import { domainStateOf } from '../wire/constants/domain-state.ts'
import { abortJobFlags } from '../wire/constants/job.ts'
import type { DomainRef } from '../wire/objects.ts'
import { drive, Move, type DriveHands } from './drive.ts'
import type { Outcome } from './outcome.ts'
import type { MovePlan } from './plan.ts'

export interface SwitchHands {
  /** Control connections, not those that carry the five calls. */
  readonly source: Connection
  readonly destination: Connection
  readonly signal?: AbortSignal
  /** Both daemons must answer within this time before the switch; default 1 s. */
  readonly answerWithinMs?: number
  /** Tries again until the job has come far enough (memory is on its way, copied storage is in sync); default false. */
  readonly waits?: boolean
}

/** How often a switch that comes too early is tried again, in ms. */
const tryEveryMs = 20

/**
 * Switches a running move to post-copy, after which there is no way back: both daemons must have answered within the last second.
 * Rejects with `postcopy-unsafe` when one has not, `postcopy-not-yet` when the job has not come far enough (and `waits` is off),
 * `postcopy-refused` when the move was not started for it or has ended, or the signal's reason.
 */
export async function switchToPostcopy(dom: Pick<DomainRef, 'name' | 'uuid'>, hands: SwitchHands): Promise<void> {
  const domain: DomainRef = { name: dom.name, uuid: dom.uuid, id: -1 }
  const options = { deadlineMs: hands.answerWithinMs ?? 1000, ...(hands.signal ? { signal: hands.signal } : {}) }
  for (;;) {
    await bothAnswer(domain, hands, options)
    try {
      return await hands.source.call('domainMigrateStartPostCopy', { dom: domain, flags: 0 }, hands.signal ? { signal: hands.signal } : {})
    } catch (thrown) {
      const refusal = refusalOf(thrown)
      if (refusal.code !== 'postcopy-not-yet' || hands.waits !== true) throw refusal
      await delay(tryEveryMs, hands.signal)
    }
  }
}

type Ask = { readonly deadlineMs: number; readonly signal?: AbortSignal }

async function bothAnswer(domain: DomainRef, hands: SwitchHands, options: Ask): Promise<void> {
  const asked = async (side: string, call: () => Promise<unknown>): Promise<void> => {
    try {
      await call()
    } catch (thrown) {
      options.signal?.throwIfAborted()
      if (isLibvirtError(thrown)) return
      throw new Failure('postcopy-unsafe', `The ${side}'s libvirt does not answer, so the switch is not made: the VM could be lost.`, {
        evidence: messageOf(thrown),
        cause: thrown,
      })
    }
  }
  await Promise.all([
    asked('source', () => hands.source.call('domainGetState', { dom: domain, flags: 0 }, options)),
    asked('destination', () => hands.destination.call('connectGetLibVersion', undefined, options)),
  ])
}

/** libvirt names no code for "too early": QEMU's own message tells (migration/migration.c, qmp_migrate_start_postcopy). */
function refusalOf(thrown: unknown): Failure {
  if (!isLibvirtError(thrown))
    return thrown instanceof Failure ? thrown : new Failure('postcopy-refused', messageOf(thrown), { cause: thrown })
  const isTooEarly = /before the start of migration|after migration has been started/.test(thrown.text)
  const code = isTooEarly ? 'postcopy-not-yet' : 'postcopy-refused'
  const sentence = isTooEarly ? 'The move has not come far enough to switch to post-copy.' : 'libvirt refused to switch to post-copy.'
  return new Failure(code, sentence, { evidence: thrown.evidence ?? thrown.text, cause: thrown })
}

/**
 * Interrupts a running post-copy on purpose (libvirt >= 8.5), for instance to carry it on over another network with {@link resumePostcopy}.
 * Until the destination has started the guest its libvirt would answer an interruption by killing its copy, and the guest would be lost:
 * rejects with `postcopy-not-yet` before that. Not right after the switch either: a page that QEMU's main thread waits for itself then
 * blocks its monitor for good (seen with QEMU 7.2, 30 ms after the guest had started there).
 */
export async function pausePostcopy(
  dom: Pick<DomainRef, 'name' | 'uuid'>,
  hands: Pick<SwitchHands, 'source' | 'destination'>,
): Promise<void> {
  const domain: DomainRef = { name: dom.name, uuid: dom.uuid, id: -1 }
  const { state, reason } = await hands.destination.call('domainGetState', { dom: domain, flags: 0 })
  const found = domainStateOf(state, reason)
  if (found.state !== 'running' || found.reason !== 'postcopy') {
    throw new Failure('postcopy-not-yet', 'The destination has not taken over yet; interrupting now would lose the VM.', {
      evidence: `${found.state}, ${found.reason}`,
    })
  }
  const unsafe = await resumeHazard(hands.destination)
  if (unsafe) throw unsafe
  await hands.source.call('domainAbortJobFlags', { dom: domain, flags: abortJobFlags.postcopy })
}

/**
 * Why a destination must not be asked to resume a post-copy, or null. From libvirt 11.2 on (qemuProcessIncomingDefNew) its Prepare follows
 * a null pointer there and the daemon dies: seen with 11.3, and taken to be mended after it.
 */
async function resumeHazard(destination: Connection): Promise<Failure<'postcopy-resume-unsafe'> | null> {
  const { libVer } = await destination.call('connectGetLibVersion')
  if (libVer < 11_002_000 || libVer >= 11_004_000) return null
  const version = `${Math.floor(libVer / 1_000_000)}.${Math.floor(libVer / 1000) % 1000}.${libVer % 1000}`
  return new Failure('postcopy-resume-unsafe', `The destination's libvirt ${version} would crash on resuming a post-copy.`, {
    next: 'Leave the VM as it is, update libvirt on the destination to 11.4 or later, restart its daemon, and resume the move then.',
  })
}

/** How often Begin is tried again while the source's QEMU has not noticed that its connection is gone, in ms. */
const noticeEveryMs = 250

/**
 * Carries an interrupted post-copy on (VIR_MIGRATE_POSTCOPY_RESUME, libvirt >= 8.5): the same five calls with the same plan, over new
 * connections where the old ones are gone. Needs both sides in the state `postcopy-failed`; may be tried as often as it takes. Where QEMU
 * still believes in the old connection it is given `patienceMs` (default 10 s) to notice; {@link pausePostcopy} makes it. Fails with
 * `postcopy-resume-unsafe` where the destination's libvirt would crash.
 */
export async function resumePostcopy(plan: MovePlan, hands: DriveHands, patienceMs = 10_000): Promise<Outcome> {
  const until = performance.now() + patienceMs
  const resumed: MovePlan = { ...plan, flags: { ...plan.flags, postcopy: true, postcopyResume: true } }
  const hazard = await resumeHazard(hands.destination).catch((thrown: unknown) => thrown)
  if (hazard !== null) return new Move(resumed, hands).failed('begin', hazard)
  for (;;) {
    const outcome = await drive(resumed, hands)
    const isUnnoticed = outcome.outcome === 'failed' && outcome.at === 'begin' && /migration is still running/.test(outcome.error.message)
    if (!isUnnoticed || hands.signal?.aborted === true || performance.now() > until) return outcome
    await delay(noticeEveryMs)
  }
}
