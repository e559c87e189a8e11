import type { Job } from '../../../src-main/contract/job.ts'
import { connectBackend } from '../../backend.ts'
import { allowed, refused, type Availability } from '../../ui/command/command.ts'
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

/** Whether the way back can be offered: the VM arrived, and is still there. */
export function canMoveBack(job: Job): boolean {
  return job.state.state === 'succeeded' && useVmStore().get({ host: job.plan.destination, uuid: job.plan.vm.uuid }) !== undefined
}

/** Opens the confirmation of the way back, to where the VM came from. */
export function moveBack(job: Job): void {
  openMoveDialog({ vms: [{ host: job.plan.destination, uuid: job.plan.vm.uuid }], destination: job.plan.vm.host })
}
