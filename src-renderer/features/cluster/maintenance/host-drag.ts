import { draggable, dropTargetForElements } from '@atlaskit/pragmatic-drag-and-drop/element/adapter'
import { shallowRef } from 'vue'

/** The host whose card is being dragged, and whether it hangs above the maintenance lane. */
export const draggedHost = shallowRef<{ readonly host: string; readonly isOverLane: boolean } | null>(null)

/** Lets a host's card be dragged by `handle`. Returns what ends it. */
export function makeHostDraggable(handle: HTMLElement, host: () => string, mayGo: () => boolean): () => void {
  return draggable({
    element: handle,
    canDrag: mayGo,
    getInitialData: () => ({ kind: 'host', host: host() }),
    onDragStart: () => (draggedHost.value = { host: host(), isOverLane: false }),
    onDrop: () => (draggedHost.value = null),
  })
}

/** Takes whole hosts. Returns what ends it. */
export function makeLaneTarget(element: HTMLElement, drop: (host: string) => void): () => void {
  const over = (isOverLane: boolean) => draggedHost.value && (draggedHost.value = { ...draggedHost.value, isOverLane })
  return dropTargetForElements({
    element,
    canDrop: ({ source }) => source.data['kind'] === 'host',
    onDragEnter: () => over(true),
    onDragLeave: () => over(false),
    onDrop: ({ source }) => drop(source.data['host'] as string),
  })
}
