import type { MoveControls } from '../protocol/move-event.ts'
import { cancelEffect, notCancellable } from './consequences.ts'
import type { MoveContext } from './move-context.ts'

/** What may be commanded now. */
export function controlsOf({ course, spec, names }: MoveContext): MoveControls {
  const { stage } = course
  const isPastNoReturn = stage === 'switched' || stage === 'finishing' || stage === 'recovering'
  return {
    cancellation: cancellationOf(),
    isPastNoReturn,
    canSwitch: stage === 'copying' && spec.technique === 'hybrid' && course.hasJob && !course.isCancelling && !course.hasLostDestination,
    canRecover: stage === 'recovering' || (stage === 'switched' && course.isStalled),
  }

  function cancellationOf(): MoveControls['cancellation'] {
    if (stage === 'switched' || stage === 'recovering') return { can: 'no', reason: notCancellable.switched }
    if (stage === 'finishing') return { can: 'no', reason: notCancellable.handedOver }
    if (stage === 'over') return { can: 'no', reason: 'The move has ended.' }
    return course.isCancelling ? { can: 'requested' } : { can: 'yes', effect: cancelEffect(names.source) }
  }
}
