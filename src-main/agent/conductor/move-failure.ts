import { Failure, messageOf } from '../../base/failure.ts'
import { LibvirtError } from '../../libvirt/client/libvirt-error.ts'
import type { MoveFailure, MoveStep } from '../protocol/move-event.ts'

export interface FailureContext {
  readonly step?: MoveStep
  readonly side?: 'source' | 'destination'
}

/** What was thrown, as it is told: libvirt's numbers and words exactly, no XML and no secret. */
export function moveFailureOf(thrown: unknown, about: FailureContext = {}): MoveFailure {
  const where = { ...(about.step ? { step: about.step } : {}), ...(about.side ? { side: about.side } : {}) }
  if (thrown instanceof LibvirtError) {
    const evidence = thrown.evidence
    return {
      code: 'libvirt',
      sentence: thrown.text,
      ...(evidence === undefined ? {} : { evidence }),
      ...where,
      libvirt: { code: thrown.number, domain: thrown.domain, text: thrown.text },
    }
  }
  if (thrown instanceof Failure) {
    return {
      code: thrown.code,
      sentence: thrown.message,
      ...(thrown.evidence === undefined ? {} : { evidence: thrown.evidence }),
      ...(thrown.next === undefined ? {} : { next: thrown.next }),
      ...where,
    }
  }
  return { code: 'internal', sentence: messageOf(thrown), ...where }
}

/** Whose daemon each step speaks to. */
export function sideOf(step: MoveStep): 'source' | 'destination' {
  return step === 'prepare' || step === 'finish' ? 'destination' : 'source'
}
