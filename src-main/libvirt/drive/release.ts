import { Failure } from '../../base/failure.ts'
import type { Connection } from '../client/connection.ts'
import { isLibvirtError } from '../client/libvirt-error.ts'
import { undefineFlags } from '../wire/constants/domain-flags.ts'
import type { Move } from './drive.ts'
import type { SettlingHands } from './outcome.ts'
import { presenceOf, type Presence } from './presence.ts'
import { whereIs } from './undecided.ts'

/**
 * Ends the source's paused copy of a domain that has moved: Confirm, or where libvirt has dropped the job with the connection
 * (qemuMigrationAnyConnectionClosed) what Confirm would have done, after both daemons have proven that it is safe.
 */
export async function releaseSource(move: Move, cookie: Buffer, { source, destination, signal }: SettlingHands): Promise<void> {
  try {
    return await move.confirm(source, cookie, false)
  } catch (thrown) {
    if (!isLibvirtError(thrown)) throw thrown
  }
  const found = await whereIs(source, destination, move.domain.uuid, signal ? { signal } : {})
  if (found.verdict === 'left-behind' && isPausedByMove(found.source)) await end(move, source)
  else if (found.verdict !== 'at-destination') {
    throw new Failure(
      'not-left-behind',
      'The copy at the source is not ended: it is not proven that the domain lives at the destination.',
      {
        evidence: `verdict ${found.verdict}`,
      },
    )
  }
  if (move.plan.flags.undefineSource === true) await undefineDomain(move, source)
}

async function end(move: Move, source: Connection): Promise<void> {
  try {
    await source.call('domainDestroyFlags', { dom: move.domain, flags: 0 })
  } catch (thrown) {
    // After a restart libvirt may end a completed post-copy by itself, just now.
    if (!isLibvirtError(thrown, 'VIR_ERR_OPERATION_INVALID', 'VIR_ERR_NO_DOMAIN')) throw thrown
    const presence = await presenceOf(source, move.domain.uuid)
    if (presence.kind !== 'inactive' && presence.kind !== 'absent') throw thrown
  }
}

function isPausedByMove(presence: Presence): boolean {
  if (presence.kind !== 'active' || presence.state.state !== 'paused') return false
  const { reason } = presence.state
  return reason === 'migration' || reason === 'postcopy' || reason === 'postcopy-failed'
}

/** The definition only, as Confirm does: NVRAM and TPM state may be shared with the destination. */
export async function undefineDomain(move: Move, source: Connection): Promise<void> {
  const dom = move.domain
  try {
    if (!(await source.call('domainIsPersistent', { dom })).isPersistent) return
    await source.call('domainUndefineFlags', { dom, flags: undefineFlags.keepNvram | undefineFlags.keepTpm }).catch((thrown: unknown) => {
      // libvirt < 8.9 does not know of TPM state here.
      if (!isLibvirtError(thrown, 'VIR_ERR_INVALID_ARG')) throw thrown
      return source.call('domainUndefineFlags', { dom, flags: undefineFlags.keepNvram })
    })
  } catch (thrown) {
    if (!isLibvirtError(thrown, 'VIR_ERR_NO_DOMAIN')) throw thrown
  }
}
