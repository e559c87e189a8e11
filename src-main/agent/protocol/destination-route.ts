import { z } from 'zod'

/** PEM texts of one end of a job's mutual TLS. Memory only. */
export const tlsIdentity = z.object({ ca: z.string(), certificate: z.string(), key: z.string() })
export type TlsIdentity = z.infer<typeof tlsIdentity>

/**
 * How the source's agent reaches the destination's libvirt daemon.
 * `tunnel`: mutual TLS to the agent there. `socket`: a Unix socket of the same host (two daemons on one machine).
 */
export const destinationRoute = z.discriminatedUnion('via', [
  z.object({
    via: z.literal('tunnel'),
    host: z.string().min(1),
    port: z.number().int().min(1).max(65_535),
    /** The name in the destination's certificate. */
    serverName: z.string().min(1),
    identity: tlsIdentity,
  }),
  z.object({ via: z.literal('socket'), path: z.string().min(1) }),
])
export type DestinationRoute = z.infer<typeof destinationRoute>
