import { z } from 'zod'

/**
 * How the agents carry a VM's memory. `pass`: as it is, which only moves the stream into the tunnel: one port between the hosts, and mutual TLS without QEMU's.
 * The stream goes through the job's own tunnel.
 */
export const relaySpec = z.discriminatedUnion('mode', [z.object({ mode: z.literal('pass') })])
