import { draggable, dropTargetForElements } from '@atlaskit/pragmatic-drag-and-drop/element/adapter'
import { shallowRef } from 'vue'
import type { PlanRow } from '../../../../src-main/contract/plan.ts'

/** The row that is being dragged, and the host below the pointer. */
export const draggedRow = shallowRef<{ readonly row: PlanRow; readonly over: string | null } | null>(null)

/** Lets a row of the plan be dragged onto a host. Returns what ends it. */
export function makeRowDraggable(element: HTMLElement, row: () => PlanRow): () => void {
  return draggable({
    element,
    canDrag: () => row().obstacle === null || row().how !== 'stay',
    getInitialData: () => ({ kind: 'plan-row', row: row() }),
    onDragStart: () => (draggedRow.value = { row: row(), over: null }),
    onDrop: () => (draggedRow.value = null),
  })
}

/** Takes rows of the plan. Returns what ends it. */
export function makeRowTarget(element: HTMLElement, host: () => string, mayTake: () => boolean, drop: (row: PlanRow) => void): () => void {
  const over = (id: string | null) => draggedRow.value && (draggedRow.value = { ...draggedRow.value, over: id })
  return dropTargetForElements({
    element,
    canDrop: ({ source }) => source.data['kind'] === 'plan-row' && mayTake(),
    onDragEnter: () => over(host()),
    onDragLeave: () => over(null),
    onDrop: ({ source }) => drop(source.data['row'] as PlanRow),
  })
}
