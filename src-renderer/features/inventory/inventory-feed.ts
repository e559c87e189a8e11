import { shallowRef } from 'vue'
import type { InventoryFrame } from '../../../src-main/contract/inventory.ts'
import type { Backend, Watch } from '../../backend.ts'

/** How fresh the window's picture is; times are milliseconds since the epoch, of this computer's clock. */
export const feedState = shallowRef<{ readonly kind: 'waiting' } | { readonly kind: 'live' } | { readonly kind: 'stale'; readonly since: number }>({ kind: 'waiting' })

/** What a frame means to a window that has applied `last` (null: nothing yet of this subscription). */
export function judgeFrame(last: number | null, frame: { readonly seq: number; readonly isSnapshot: boolean }): 'apply' | 'resubscribe' {
  if (frame.isSnapshot) return 'apply'
  return last !== null && frame.seq === last + 1 ? 'apply' : 'resubscribe'
}

/**
 * Keeps the window's picture of hosts and VMs: one subscription, a snapshot and then deltas, each acknowledged once applied. A gap in the sequence, a
 * dropped connection or a broken stream takes a fresh snapshot. The caller closes it.
 */
export function followInventory(backend: Pick<Backend, 'client' | 'watch'>, apply: (frame: InventoryFrame) => void): Watch {
  let subscription = ''
  let last: number | null = null
  const watch = backend.watch<InventoryFrame>({
    open: (client, signal) => {
      subscription = crypto.randomUUID()
      last = null
      return client.inventory.watch({ subscription }, { signal })
    },
    onValue: (frame) => {
      if (judgeFrame(last, frame) === 'resubscribe') return watch.restart()
      last = frame.seq
      apply(frame)
      feedState.value = { kind: 'live' }
      // A lost ack is made good by the next subscription, which the lost connection brings anyway.
      backend.client.inventory.ack({ subscription, seq: frame.seq }).catch(() => {})
    },
    onDrop: () => {
      if (feedState.value.kind === 'live') feedState.value = { kind: 'stale', since: Date.now() }
    },
  })
  return watch
}
