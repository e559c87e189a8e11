import type { VmState } from '../../contract/vm.ts'
import type { DomainState } from '../../libvirt/wire/constants/domain-state.ts'

/** Whether a VM takes memory and CPU: it is not off. */
export function isActive(state: VmState): boolean {
  return state !== 'off' && state !== 'saved' && state !== 'crashed'
}

/** libvirt's state in the contract's words; what a migration does to a paused domain is a state of its own there. */
export function vmStateOf({ state, reason }: DomainState): VmState {
  if (reason === 'postcopy-failed') return 'postcopy-failed'
  switch (state) {
    case 'running':
    case 'blocked':
      return 'running'
    case 'paused':
      return reason === 'migration' ? 'incoming' : reason === 'postcopy' ? 'postcopy' : 'paused'
    case 'shutdown':
      return 'shutting-down'
    case 'shutoff':
      return 'off'
    case 'crashed':
      return 'crashed'
    case 'pmsuspended':
      return 'suspended'
    default:
      return 'unknown'
  }
}
