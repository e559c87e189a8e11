import { z } from 'zod'
import { destinationRoute, tlsIdentity } from './destination-route.ts'
import { moveEvent } from './move-event.ts'
import { jobId, moveSpec } from './move-spec.ts'

/** Changes whenever an older peer would misunderstand. The agent's socket bears it, so that two protocols never meet. */
export const protocolVersion = 2

/** The first line that an agent sends on every channel. `now`: milliseconds since the epoch by its clock. `version`: of the agent's bundle. */
export const hello = z.object({
  hello: z.literal('drover-agent'),
  protocol: z.number().int(),
  version: z.string(),
  pid: z.number().int(),
  uid: z.number().int(),
  hostname: z.string(),
  node: z.string(),
  now: z.number(),
})
export type Hello = z.infer<typeof hello>

export const jobSummary = z.object({
  job: jobId,
  vm: z.object({ name: z.string(), uuid: z.string() }),
  state: z.enum(['running', 'ended']),
  isPastNoReturn: z.boolean(),
  lastSeq: z.number().int(),
  startedAt: z.number(),
  endedAt: z.number().nullable(),
})
export type JobSummary = z.infer<typeof jobSummary>

export const agentStatus = z.object({
  version: z.string(),
  pid: z.number().int(),
  upSeconds: z.number(),
  channels: z.number().int(),
  runningJobs: z.number().int(),
  endedJobs: z.number().int(),
  tunnels: z.array(z.object({ job: jobId, address: z.string(), port: z.number().int(), connections: z.number().int(), refused: z.number().int() })),
  /** The daemon's socket as found, null where there is none. */
  libvirtSocket: z.string().nullable(),
})
export type AgentStatus = z.infer<typeof agentStatus>

const range = z.tuple([z.number(), z.number()])

/** Shares of all pages, 0 to 1. `sampled`: pages that were looked at. */
export const sharing = z.object({ sampled: z.number().int(), zero: z.number(), inVm: range, acrossVms: range })
export type Sharing = z.infer<typeof sharing>

const job = { job: jobId }

/** What may be asked of an agent. Answers bear the same `id`. */
export const agentRequest = z.discriminatedUnion('do', [
  /** Idempotent: a known job is answered with `isNew: false` and not started again. */
  z.object({ id: z.number().int(), do: z.literal('start'), spec: moveSpec, route: destinationRoute }),
  /** Sends all events with a higher number than `since`, then every further one, until `detach` or the channel's end. */
  z.object({ id: z.number().int(), do: z.literal('attach'), ...job, since: z.number().int().min(0) }),
  z.object({ id: z.number().int(), do: z.literal('detach'), ...job }),
  z.object({ id: z.number().int(), do: z.literal('list') }),
  z.object({ id: z.number().int(), do: z.literal('cancel'), ...job }),
  z.object({ id: z.number().int(), do: z.literal('limits'), ...job, bandwidthMiBps: z.number().int().min(1).optional(), downtimeMs: z.number().int().min(1).optional() }),
  z.object({ id: z.number().int(), do: z.literal('switch'), ...job }),
  /** Resumes a broken post-copy; a new `route` replaces the old one. */
  z.object({ id: z.number().int(), do: z.literal('recover'), ...job, route: destinationRoute.optional() }),
  /** Drops the history of an ended job; refused while it runs. */
  z.object({ id: z.number().int(), do: z.literal('forget'), ...job }),
  /** Destination role: opens the job's listener, answered with `{ port }`. Idempotent per job: an open one is replaced. Ports: first free of the range, both ends included; 0 to 0 lets the system choose. */
  z.object({
    id: z.number().int(),
    do: z.literal('tunnel-open'),
    ...job,
    address: z.string().min(1),
    ports: z.tuple([z.number().int().min(0).max(65_535), z.number().int().min(0).max(65_535)]),
    identity: tlsIdentity,
    /** SHA-256 of the client certificates that are let in, as Node prints it (`AB:CD:…`). */
    peerFingerprints: z.array(z.string()).min(1).max(64),
    /** `pages`: memory on its way is taken, and nothing of libvirt; `all`: both. */
    carries: z.enum(['pages', 'all']),
  }),
  z.object({ id: z.number().int(), do: z.literal('tunnel-close'), ...job }),
  z.object({ id: z.number().int(), do: z.literal('status') }),
  /** How much of the memory of running VMs of this host is the same, from some of their pages; answered with a {@link sharing}. Their content stays on the host. */
  z.object({ id: z.number().int(), do: z.literal('sample-pages'), vms: z.array(z.object({ name: z.string().min(1), uuid: z.guid(), memoryKiB: z.number().min(1) })).min(1).max(64) }),
  /** Ends the agent as soon as no job runs and no tunnel is open. Answered with `{ isIdle }` before it ends. */
  z.object({ id: z.number().int(), do: z.literal('shutdown-when-idle') }),
])
export type AgentRequest = z.infer<typeof agentRequest>

const failure = z.object({ code: z.string(), sentence: z.string(), evidence: z.string().optional(), next: z.string().optional() })

/** What an agent sends after its hello: an answer, or an event of an attached job. */
export const agentMessage = z.union([
  z.object({ answer: z.number().int(), ok: z.unknown() }),
  z.object({ answer: z.number().int(), failure }),
  z.object({ job: jobId, event: moveEvent }),
])
