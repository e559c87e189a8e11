import { draggable, dropTargetForElements, monitorForElements } from '@atlaskit/pragmatic-drag-and-drop/element/adapter'
import { setCustomNativeDragPreview } from '@atlaskit/pragmatic-drag-and-drop/element/set-custom-native-drag-preview'
import { pointerOutsideOfPreview } from '@atlaskit/pragmatic-drag-and-drop/element/pointer-outside-of-preview'
import { onScopeDispose, shallowRef, watch } from 'vue'
import { announce } from '../../ui/live-region.ts'
import { hideTooltip } from '../../ui/tooltip.ts'
import { formatCount } from '../../ui/format.ts'
import { useHostStore } from '../host/host-store.ts'
import { useSelectionStore, vmOfKey } from '../inventory/selection-store.ts'
import { useVmStore } from '../vm/vm-store.ts'
import { openMoveDialog } from './use-move-dialog.ts'
import { useMoveIntentStore, verdictWord } from './move-intent-store.ts'

/** Where the pointer is during a drag, in CSS pixels of the window; read by DragReason.vue. */
export const dragPointer = shallowRef<{ readonly x: number; readonly y: number } | null>(null)

/** Makes an element that shows the VM `key` (`vm:host/uuid`) draggable; it takes the whole selection along when it is part of it. Returns what ends it. */
export function makeVmDraggable(element: HTMLElement, key: () => string): () => void {
  const selection = useSelectionStore()
  const intents = useMoveIntentStore()
  return draggable({
    element,
    getInitialData: () => ({ kind: 'vms' }),
    onGenerateDragPreview: ({ nativeSetDragImage }) => {
      hideTooltip()
      if (!selection.keys.has(key())) selection.only(key())
      const vms = selection.vms
      const first = useVmStore().get(vmOfKey(key()))?.name ?? 'VM'
      setCustomNativeDragPreview({
        nativeSetDragImage,
        getOffset: pointerOutsideOfPreview({ x: '12px', y: '8px' }),
        render: ({ container }) => {
          const label = document.createElement('div')
          label.className = 'drag-preview'
          label.textContent = vms.length > 1 ? `${first} and ${formatCount(vms.length - 1, 'more', 'more')}` : first
          container.append(label)
        },
      })
    },
    onDragStart: () => intents.begin('drag', selection.vms),
  })
}

/** Makes an element stand for a host that VMs can be dropped on. Returns what ends it. */
export function makeHostTarget(element: HTMLElement, host: () => string): () => void {
  return dropTargetForElements({
    element,
    canDrop: ({ source }) => source.data['kind'] === 'vms',
    getData: () => ({ host: host() }),
    getDropEffect: () => (useMoveIntentStore().verdicts.get(host())?.verdict === 'blocked' ? 'link' : 'move'),
  })
}

/** Follows drags for the whole window; the frame calls it once. */
export function useDragMonitor(): void {
  const intents = useMoveIntentStore()
  const hosts = useHostStore()
  const hostBelow = (targets: readonly { data: Record<string | symbol, unknown> }[]) => (targets[0]?.data['host'] as string | undefined) ?? null

  const point = (input: { clientX: number; clientY: number }) => (dragPointer.value = { x: input.clientX, y: input.clientY })

  const stop = monitorForElements({
    canMonitor: ({ source }) => source.data['kind'] === 'vms',
    onDrag: ({ location }) => point(location.current.input),
    onDropTargetChange: ({ location }) => {
      point(location.current.input)
      const host = hostBelow(location.current.dropTargets)
      intents.hovered = host
    },
    onDrop: ({ location }) => {
      const host = hostBelow(location.current.dropTargets)
      const vms = intents.intent?.vms ?? []
      const isHome = host !== null && intents.verdicts.get(host)?.verdict === 'home'
      dragPointer.value = null
      intents.end()
      // A blocked host opens the confirmation too: it has the findings, and often a fix.
      if (host !== null && !isHome) openMoveDialog({ vms: vms.filter((vm) => vm.host !== host), destination: host })
    },
  })
  // Said when the pointer comes over a host, or when the verdict comes while it is there.
  watch(
    () => (intents.hovered === null ? undefined : intents.verdicts.get(intents.hovered)),
    (verdict) => verdict && intents.hovered !== null && announce(`${hosts.name(intents.hovered)}: ${verdictWord(verdict.verdict).word}. ${verdict.reason}`),
  )
  onScopeDispose(stop)
}
