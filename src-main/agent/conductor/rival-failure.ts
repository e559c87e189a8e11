import { isLibvirtError } from '../../libvirt/client/libvirt-error.ts'
import type { MoveFailure, MoveStep } from '../protocol/move-event.ts'

/**
 * Says what libvirt's refusal of a move means when somebody else (another Drover, virsh) moves the same VM: a second Begin is refused, or waits for the
 * first move's lock and then times out or finds the VM gone; a second Prepare finds the VM there already. null where it means something else. libvirt's words are in the evidence.
 */
export function rivalFailureOf(
  thrown: unknown,
  step: Exclude<MoveStep, 'switch'>,
  names: { readonly source: string; readonly destination: string },
): Pick<MoveFailure, 'code' | 'sentence' | 'next'> | null {
  if (!isLibvirtError(thrown)) return null
  const { errorName, text } = thrown
  if (step === 'begin') {
    if (errorName === 'VIR_ERR_NO_DOMAIN' || (errorName === 'VIR_ERR_OPERATION_INVALID' && /not running/.test(text))) {
      return { code: 'vm-gone', sentence: `The VM does not run on ${names.source} any more: somebody else has moved or ended it in the meantime.`, next: 'Look where it is now.' }
    }
    if (errorName === 'VIR_ERR_OPERATION_TIMEOUT' || /another migration job|state change lock/.test(text)) {
      return {
        code: 'vm-busy',
        sentence: `Somebody else is moving the VM from ${names.source} or is at work on it there, such as another Drover or virsh, so no second move can begin.`,
        next: 'Wait until that has ended, then look where the VM is.',
      }
    }
  }
  if (step === 'prepare' && /already (active|running|exists|defined|being)/.test(text)) {
    return {
      code: 'vm-there',
      sentence: `${names.destination} has this VM already, or another of its name: somebody else may be moving it there right now.`,
      next: 'Wait until that has ended, then look where the VM is.',
    }
  }
  return null
}
