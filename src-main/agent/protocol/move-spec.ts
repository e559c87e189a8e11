import { z } from 'zod'
import { relaySpec } from './relay-spec.ts'

/** Of a job, made by the client; names files and sockets, hence the narrow alphabet. */
export const jobId = z.string().regex(/^[A-Za-z0-9_-]{8,64}$/)

/** When a hybrid move switches to post-copy. `forecast`: as soon as the dirty rate says that pre-copy will not end within its downtime limit. */
export const switchPolicy = z.discriminatedUnion('when', [
  z.object({ when: z.literal('hand') }),
  z.object({ when: z.literal('time'), seconds: z.number().positive().max(3600) }),
  z.object({ when: z.literal('forecast') }),
])
export type SwitchPolicy = z.infer<typeof switchPolicy>

/** `offline`: the VM is off, its definition moves. */
const moveTechnique = z.enum(['precopy', 'postcopy', 'hybrid', 'offline'])

/** What may be changed in flight as well. MiB/s and milliseconds; null leaves it to libvirt. */
export const moveLimits = z.object({
  bandwidthMiBps: z.number().int().min(1).nullable(),
  /** Of the post-copy part; null: unlimited. */
  postcopyBandwidthMiBps: z.number().int().min(1).nullable(),
  downtimeMs: z.number().int().min(1).max(2_000_000).nullable(),
})
export type MoveLimits = z.infer<typeof moveLimits>

/**
 * One move, all that its conductor must know. Holds domain XML (and so perhaps a VNC password): it stays in memory and is never written or logged.
 * The names after `flags` are libvirt's migration parameters (libvirt-domain.h, VIR_MIGRATE_PARAM_*).
 */
export const moveSpec = z.object({
  job: jobId,
  /** libvirt takes any 128 bits for a UUID, so no version is asked of it. */
  vm: z.object({ name: z.string().min(1), uuid: z.guid() }),
  /** What the hosts are called in sentences. */
  hosts: z.object({ source: z.string(), destination: z.string() }).optional(),
  technique: moveTechnique,
  /** Of technique `hybrid` only. */
  switchPolicy,
  /**
   * VIR_MIGRATE_* of libvirt-domain.h (persistence, storage, compression, TLS…). The conductor adds what the technique needs:
   * LIVE, POSTCOPY, OFFLINE, and CHANGE_PROTECTION always.
   */
  flags: z.number().int().min(0).max(0xffff_ffff),
  destinationName: z.string().min(1),
  /** Definition to be used at the destination; null takes Begin's. */
  destinationXml: z.string().nullable(),
  persistentXml: z.string().nullable(),
  /** `tcp://address[:port]`; null leaves it to the destination's libvirt. */
  migrateUri: z.string().nullable(),
  /** Where the destination's QEMU listens; null: libvirt's default. */
  listenAddress: z.string().nullable(),
  disksUri: z.string().nullable(),
  disksPort: z.number().int().min(1).max(65_535).nullable(),
  /** Target names of the disks to be copied; null: libvirt's default. */
  disks: z.array(z.string()).nullable(),
  graphicsUri: z.string().nullable(),
  /** `xbzrle`, `mt`, `zstd`, `zlib`; needs VIR_MIGRATE_COMPRESSED. */
  compression: z.array(z.string()),
  parallelConnections: z.number().int().min(1).max(255).nullable(),
  /** Percent; needs VIR_MIGRATE_AUTO_CONVERGE. */
  autoConverge: z.object({ initial: z.number().int().nullable(), increment: z.number().int().nullable() }).nullable(),
  /** The name that the destination's certificate must bear; needs VIR_MIGRATE_TLS. */
  tlsDestination: z.string().nullable(),
  limits: moveLimits,
  /** The agents stand in the way of the memory; absent: QEMU speaks to QEMU. */
  relay: relaySpec.optional(),
})
export type MoveSpec = z.infer<typeof moveSpec>
