import type { Problem } from '../../../contract/problem.ts'
import type { MoveFailure } from '../../../agent/protocol/move-event.ts'

/** A driver's failure in the contract's words. */
export function problemOfFailure({ code, sentence, evidence, next, side, step, libvirt }: MoveFailure, names: { source: string; destination: string }): Problem {
  const where = side ? ` (${step ? `${step}, ` : ''}${names[side]})` : ''
  const seen = evidence ?? (libvirt ? `libvirt error ${libvirt.code}: ${libvirt.text}` : undefined)
  return { code, message: sentence, ...(seen === undefined ? {} : { evidence: `${seen}${where}` }), ...(next === undefined ? {} : { next }) }
}
