import type { VmState } from '../../contract/vm.ts'
import { domainStateOf } from '../../libvirt/wire/constants/domain-state.ts'

/** Turns libvirt's state and reason into the contract's words. */
export function stateOf(stateNumber: number, reasonNumber: number): { state: VmState; reason: string } {
  const { state, reason } = domainStateOf(stateNumber, reasonNumber)
  return { state: wordOf(state, reason), reason }
}

function wordOf(state: ReturnType<typeof domainStateOf>['state'], reason: string): VmState {
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
