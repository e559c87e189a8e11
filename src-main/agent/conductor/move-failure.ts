import { Failure, messageOf } from '../../base/failure.ts'
import { LibvirtError } from '../../libvirt/client/libvirt-error.ts'
import type { MoveFailure, MoveStep } from '../protocol/move-event.ts'
import { rivalFailureOf } from './rival-failure.ts'

export interface FailureContext {
  readonly step?: MoveStep
  readonly side?: 'source' | 'destination'
}

/** What was thrown, as it is told: libvirt's numbers and words exactly, no XML and no secret. */
export function moveFailureOf(thrown: unknown, about: FailureContext = {}): MoveFailure {
  const where = { ...(about.step ? { step: about.step } : {}), ...(about.side ? { side: about.side } : {}) }
  if (thrown instanceof LibvirtError) {
    const evidence = thrown.evidence
    // libvirt/drive may have taken the other side's error as the one that tells more.
    const side = /^domainMigrate(Prepare|Finish)/.test(thrown.procedure) ? 'destination' : about.side
    return {
      code: 'libvirt',
      sentence: thrown.text,
      ...(evidence === undefined ? {} : { evidence }),
      ...where,
      ...(side ? { side } : {}),
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

/** As {@link moveFailureOf}; silence and somebody else's move of the same VM are told as what they are, with the host's name. */
export function callFailureOf(thrown: unknown, step: Exclude<MoveStep, 'switch'>, names: { readonly source: string; readonly destination: string }): MoveFailure {
  const side = sideOf(step)
  const failure = { ...moveFailureOf(thrown, { step, side }), ...rivalFailureOf(thrown, step, names) }
  if (failure.code !== 'connection-lost' && failure.code !== 'deadline') return failure
  return {
    ...failure,
    sentence: `The connection to ${names[side]} was lost before its libvirt daemon had answered ${step}.`,
    evidence: failure.evidence ? `${failure.sentence} ${failure.evidence}` : failure.sentence,
  }
}
