import { z } from 'zod'
import { destinationRoute } from './destination-route.ts'

/** A VM's place in a gang. All VMs of a gang that leave one host by one agent share what is said here, but for their own number and destination. */
export const gangSpec = z.object({
  /** Of the gang; made by the client. */
  id: z.string().regex(/^[A-Za-z0-9_-]{8,64}$/),
  /** This VM's number, from 0, and how many there are. */
  vm: z.number().int().min(0).max(4095),
  vms: z.number().int().min(1).max(4096),
  /** The destination host: VMs with the same name here share a channel and a store. */
  destination: z.string().min(1),
  /** Destinations of one rack bring pages to each other; null: of no rack in particular. */
  rack: z.string().min(1).nullable(),
  /** How other destinations reach this one, by their names: a page crosses to one of them and is brought from there. */
  reaches: z.array(z.object({ from: z.string().min(1), route: destinationRoute })),
  /** MiB of pages that a destination is to keep at hand; it takes less where it has not so much to spare. */
  storeMiB: z.number().int().min(16).max(65_536),
  /** MiB of it for pages of VMs that run at the destination, which its agent reads there through libvirt; 0: it does not. */
  residentMiB: z.number().int().min(0).max(65_536),
  /** MiB/s for all of the gang; null: unlimited. */
  bandwidthMiBps: z.number().int().min(1).nullable(),
  /** How many may stand still for their switch at a time. */
  switching: z.number().int().min(1).max(64),
})
export type GangSpec = z.infer<typeof gangSpec>

/** A host that keeps pages on their way, and how its agent is reached: by the source with the identity of its route, by the destination with its own. */
const depotSpec = z.object({ name: z.string().min(1), capacityMiB: z.number().int().min(1), route: destinationRoute })

/** Post-copy at once, with the pages that the destination does not take yet on other hosts. */
export const scatterSpec = z.object({
  mode: z.literal('scatter'),
  /** Of each page, on different depots. */
  replicas: z.number().int().min(1).max(3),
  /** MiB/s that the destination takes at most; null: all that comes. */
  gatherMiBps: z.number().int().min(1).nullable(),
  depots: z.array(depotSpec).min(1).max(8),
})
export type ScatterSpec = z.infer<typeof scatterSpec>

/**
 * How the agents carry a VM's memory. `pass`: as it is, which only moves the stream into the tunnel: one port between the hosts, and mutual TLS without QEMU's.
 * `gang`: what the VMs of a gang have in common crosses once; pre-copy only. The stream goes through the job's own tunnel, or by `route` where that is given.
 * `scatter`: the source is drained at its own speed; post-copy only.
 */
export const relaySpec = z.discriminatedUnion('mode', [
  z.object({ mode: z.literal('pass') }),
  z.object({ mode: z.literal('gang'), gang: gangSpec, route: destinationRoute.optional() }),
  scatterSpec,
])
