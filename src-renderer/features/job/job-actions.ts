import type { Job } from '../../../src-main/contract/job.ts'
import { connectBackend } from '../../backend.ts'
import { allowed, refused, type Availability } from '../../ui/command/command.ts'
import { formatCount } from '../../ui/format.ts'
import { askConfirmation } from '../../ui/confirm.ts'
import { openMoveDialog } from '../migration/use-move-dialog.ts'
import { useVmStore } from '../vm/vm-store.ts'
import { orNotify } from '../settings/problem-of.ts'

/** Whether a job may be cancelled now. */
export function cancelRule(job: Job): Availability {
  if (job.state.state === 'queued') return allowed
  if (job.state.state !== 'running') return refused('It has ended.')
  const { cancellation } = job.state
  if (cancellation.can === 'yes') return allowed
  return refused(cancellation.can === 'requested' ? 'Cancelling was asked for already.' : cancellation.reason)
}

/** Asks, saying what cancelling does at this point, and cancels. */
export async function cancelJob(job: Job): Promise<void> {
  const effect = job.state.state === 'running' && job.state.cancellation.can === 'yes' ? job.state.cancellation.effect : 'It has not begun; nothing happens to the VM.'
  const isSure = await askConfirmation({ title: `Cancel moving ${job.vmName} to ${job.destinationName}?`, lines: [effect], action: 'Cancel the move', isDestructive: true })
  if (isSure) await orNotify(`Cancel moving ${job.vmName}`, () => connectBackend().client.migration.cancel({ job: job.id }))
}

/** Asks once, and cancels those of a gang that can be: each of them runs on at the source. */
export async function cancelGang(members: readonly Job[]): Promise<void> {
  const able = members.filter((job) => cancelRule(job).can)
  const rest = members.filter((job) => !cancelRule(job).can && job.endedAt === null)
  const lines = [
    `${able.map((job) => job.vmName).join(', ')}: they go on running on ${able[0]?.sourceName ?? 'their host'}, and what was copied of them is thrown away.`,
    ...(rest.length > 0 ? [`${rest.map((job) => job.vmName).join(', ')} cannot be cancelled any more.`] : []),
  ]
  const isSure = await askConfirmation({ title: `Cancel the moves of ${formatCount(able.length, 'VM')}?`, lines, action: 'Cancel the moves', isDestructive: true })
  if (!isSure) return
  await Promise.all(able.map((job) => orNotify(`Cancel moving ${job.vmName}`, () => connectBackend().client.migration.cancel({ job: job.id }))))
}

/** Whether the way back can be offered: the VM arrived, and is still there. */
export function canMoveBack(job: Job): boolean {
  return job.state.state === 'succeeded' && useVmStore().get({ host: job.plan.destination, uuid: job.plan.vm.uuid }) !== undefined
}

/** Opens the confirmation of the way back, to where the VM came from. */
export function moveBack(job: Job): void {
  openMoveDialog({ vms: [{ host: job.plan.destination, uuid: job.plan.vm.uuid }], destination: job.plan.vm.host })
}
