import { shallowRef } from 'vue'
import type { VmRef } from '../../../src-main/contract/vm.ts'

/** What the one dialog for moves is about. Without a destination it asks for one first. */
export interface MoveRequest {
  readonly vms: readonly VmRef[]
  readonly destination: string | null
  /** The VMs move as a gang, whatever else is set. */
  readonly isGang: boolean
}

/** The request that MoveDialog.vue, mounted once by the frame, shows; null while it is closed. */
export const moveRequest = shallowRef<MoveRequest | null>(null)

/** Opens the confirmation of a move: after a drop, "Move to…", a paste, or "Move back". */
export function openMoveDialog(request: { vms: readonly VmRef[]; destination?: string | null; isGang?: boolean }): void {
  if (request.vms.length > 0) moveRequest.value = { vms: request.vms, destination: request.destination ?? null, isGang: request.isGang ?? false }
}

export function closeMoveDialog(): void {
  moveRequest.value = null
}
