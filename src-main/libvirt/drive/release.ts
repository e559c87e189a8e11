import { Failure } from '../../base/failure.ts'
import { isLibvirtError } from '../client/libvirt-error.ts'
import { undefineFlags } from '../wire/constants/domain-flags.ts'
import type { Move } from './drive.ts'
import type { SettlingHands } from './outcome.ts'
import type { Presence } from './presence.ts'
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
  if (found.verdict === 'at-destination') return
  if (found.verdict !== 'left-behind' || !isPausedByMove(found.source)) {
    throw new Failure(
      'not-left-behind',
      'The copy at the source is not ended: it is not proven that the domain lives at the destination.',
      {
        evidence: `verdict ${found.verdict}`,
      },
    )
  }
  const { isPersistent } = await source.call('domainIsPersistent', { dom: move.domain })
  await source.call('domainDestroyFlags', { dom: move.domain, flags: 0 })
  if (isPersistent && move.plan.flags.undefineSource === true) await undefine(move, { source, destination })
}

function isPausedByMove(presence: Presence): boolean {
  if (presence.kind !== 'active' || presence.state.state !== 'paused') return false
  const { reason } = presence.state
  return reason === 'migration' || reason === 'postcopy' || reason === 'postcopy-failed'
}

/** The definition only, as Confirm does: NVRAM and TPM state may be shared with the destination. */
async function undefine(move: Move, { source }: SettlingHands): Promise<void> {
  const keep = undefineFlags.keepNvram | undefineFlags.keepTpm
  try {
    await source.call('domainUndefineFlags', { dom: move.domain, flags: keep })
  } catch (thrown) {
    // libvirt < 8.9 does not know of TPM state here.
    if (!isLibvirtError(thrown, 'VIR_ERR_INVALID_ARG')) throw thrown
    await source.call('domainUndefineFlags', { dom: move.domain, flags: undefineFlags.keepNvram })
  }
}
