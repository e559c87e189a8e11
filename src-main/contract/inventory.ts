import { oc, eventIterator } from '@orpc/contract'
import { z } from 'zod'
import { hostView } from './host.ts'
import { problems } from './problem.ts'
import { sampleColumns, vmRef, vmView } from './vm.ts'

/**
 * One frame of the inventory. `seq` counts by one; a gap means that the client must resubscribe. A frame with `isSnapshot` replaces everything.
 * A subscription is a slot: frames that were not taken yet are merged into one, never queued.
 */
export const inventoryFrame = z.object({
  seq: z.number().int(),
  /** Milliseconds since the epoch. */
  t: z.number(),
  isSnapshot: z.boolean(),
  hosts: z.array(hostView),
  removedHosts: z.array(z.string()),
  vms: z.array(vmView),
  removedVms: z.array(vmRef),
  vmSamples: sampleColumns,
  hostSamples: sampleColumns,
})
export type InventoryFrame = z.infer<typeof inventoryFrame>

export const inventoryContract = {
  watch: oc.errors(problems).input(z.object({ subscription: z.string() })).output(eventIterator(inventoryFrame)),
  /** Says that `seq` was applied; at most two frames are in flight. */
  ack: oc.input(z.object({ subscription: z.string(), seq: z.number().int() })),
}
