import { oc } from '@orpc/contract'
import { z } from 'zod'
import { depotCandidate } from './depot.ts'
import { hostId } from './host.ts'
import { problem, problems, severity } from './problem.ts'
import { vmRef } from './vm.ts'

/** `gang`: pre-copy of several VMs at once through the agents, what they share crossing once. `scatter`: post-copy at once, the source drained into depots. */
export const technique = z.enum(['precopy', 'postcopy', 'hybrid', 'gang', 'scatter', 'offline'])
export type Technique = z.infer<typeof technique>

/** When a hybrid move switches to post-copy. */
export const hybridSwitch = z.discriminatedUnion('when', [
  z.object({ when: z.literal('hand') }),
  /** Seconds after the copying began. */
  z.object({ when: z.literal('time'), seconds: z.number().min(1).max(3600) }),
  /** As soon as the forecast says that pre-copy will not end within its downtime limit. */
  z.object({ when: z.literal('forecast') }),
])
export type HybridSwitch = z.infer<typeof hybridSwitch>

export const moveOptions = z.object({
  technique,
  hybridSwitch: hybridSwitch.default({ when: 'forecast' }),
  /** `none`: disks are shared. `full` copies them, `incremental` only what the destination's copy lacks. */
  storage: z.enum(['none', 'full', 'incremental']).default('none'),
  /** Disks to copy by target name (`vda`); null means all that may be copied. */
  disks: z.array(z.string()).nullable().default(null),
  autoConverge: z.boolean().default(false),
  compression: z.enum(['none', 'xbzrle', 'zstd', 'zlib']).default('none'),
  /** Connections of multifd, null for one plain stream. */
  parallelConnections: z.number().int().min(2).max(16).nullable().default(null),
  /** MiB/s; null leaves it to libvirt. */
  bandwidthMiBps: z.number().int().min(1).nullable().default(null),
  /** Milliseconds; null leaves QEMU's 300. */
  downtimeMs: z.number().int().min(1).max(10_000).nullable().default(null),
  tls: z.boolean().default(false),
  /** The user vouches that disks are shared although libvirt does not know their file system as such (VIR_MIGRATE_UNSAFE). */
  unsafe: z.boolean().default(false),
  /** Address or name of the destination for the memory stream; null takes the one that preflight found. */
  migrationAddress: z.string().nullable().default(null),
  /** Leave the VM defined at the source as well (it stays off there). */
  keepSource: z.boolean().default(false),
  /** By the agent on the source host, or in the app. `auto` takes the agent where it can be started. */
  driver: z.enum(['auto', 'agent', 'app']).default('auto'),
  /** Media to eject from the moved definition, by target name. */
  eject: z.array(z.string()).default([]),
  /** Of `scatter`: hosts that hold a page at the same time until the destination has it. With one, losing a depot loses the VM. */
  replicas: z.number().int().min(1).max(3).default(2),
  /** Of `scatter`: the hosts that are depots; null lets Drover choose. */
  depots: z.array(hostId).nullable().default(null),
  /** Of `scatter`: MiB/s at which the destination takes pages that nobody waits for; null is all there is. */
  gatherMiBps: z.number().int().min(1).nullable().default(null),
})
export type MoveOptions = z.infer<typeof moveOptions>

export const movePlan = z.object({ vm: vmRef, destination: hostId, options: moveOptions })
export type MovePlan = z.infer<typeof movePlan>

/** A change that settles a finding; the button calls `migration.fix`, or changes the plan's options in the dialog. */
export const fix = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('option'), label: z.string(), options: moveOptions.partial() }),
  z.object({ kind: z.literal('action'), label: z.string(), action: z.enum(['eject-media', 'set-migration-address', 'reconnect-host']), argument: z.string() }),
])
export type Fix = z.infer<typeof fix>

export const finding = problem.extend({
  severity,
  /** What it is about (`disk vda`, `cpu`, `network`), for grouping. */
  subject: z.string(),
  fix: fix.optional(),
})
export type Finding = z.infer<typeof finding>

export const verdict = z.enum(['fits', 'warns', 'blocked'])
export type Verdict = z.infer<typeof verdict>

/** Seconds and milliseconds as ranges; `basis` says what it was reckoned from. */
export const forecast = z.object({
  seconds: z.tuple([z.number(), z.number()]),
  downtimeMs: z.tuple([z.number(), z.number()]),
  converges: z.enum(['yes', 'no', 'unsure']),
  /** Bytes that will cross the network. */
  bytes: z.tuple([z.number(), z.number()]),
  /** Bytes per second. */
  dirtyRate: z.number().nullable(),
  bandwidth: z.number().nullable(),
  basis: z.string(),
  /** Seconds until the source needs nothing of the VM any more, where that is before the end. */
  sourceFreeSeconds: z.tuple([z.number(), z.number()]).nullish(),
  /** What the technique promises here, and when it does not pay; in a sentence. */
  promise: z.string().nullish(),
})
export type Forecast = z.infer<typeof forecast>

export const route = z.object({
  /** What the source dials. */
  address: z.string(),
  /** How it was found: set by the user, libvirt's own, resolved name, SSH address. */
  origin: z.string(),
  /** Seen from the source: reachable, refused (open but nobody there yet, which is fine), filtered, or not probed. */
  probe: z.enum(['reachable', 'refused', 'filtered', 'unresolved', 'not-probed']),
  /** The network interface of the source that it leaves by, and its speed in Mbit/s where known. */
  via: z.string().nullable(),
  mbps: z.number().nullable(),
})
export type Route = z.infer<typeof route>

export const preflight = z.object({
  plan: movePlan,
  verdict,
  findings: z.array(finding),
  forecast: forecast.nullable(),
  route: route.nullable(),
  driver: z.enum(['agent', 'app']),
  /** Of `scatter`: the hosts that would hold pages come first, then those that could, then those that cannot. */
  depots: z.array(depotCandidate).optional(),
  /** What a lost connection of this computer would cost, in one sentence. */
  risk: z.string(),
  /** The same as a command of virsh. */
  virsh: z.string(),
})
export type Preflight = z.infer<typeof preflight>

export const hostVerdict = z.object({ host: hostId, verdict, reason: z.string() })
export type HostVerdict = z.infer<typeof hostVerdict>

/** How much of the memory of a host's VMs is the same, from some of their pages. Shares of all pages, 0 to 1; ranges where a sample cannot say it closer. */
export const sharing = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('estimated'),
    host: hostId,
    vms: z.number().int(),
    memoryKiB: z.number(),
    sampled: z.number().int(),
    zero: z.number(),
    inVm: z.tuple([z.number(), z.number()]),
    acrossVms: z.tuple([z.number(), z.number()]),
  }),
  /** Why nothing can be said of those on that host. */
  z.object({ kind: z.literal('unknown'), host: hostId, problem }),
])
export type Sharing = z.infer<typeof sharing>

const job = z.object({ job: z.string() })

export const migrationContract = {
  /** For every host, from what is already known: fast enough for a drag. */
  verdicts: oc.errors(problems).input(z.object({ vms: z.array(vmRef).min(1) })).output(z.array(hostVerdict)),
  /** Asks both hosts; one answer per plan, in order. */
  preflight: oc.errors(problems).input(z.object({ plans: z.array(movePlan).min(1) })).output(z.array(preflight)),
  /** Has the agents of the VMs' hosts look at some pages of those that run; one answer per host. What they read stays there. */
  sharing: oc.errors(problems).input(z.object({ vms: z.array(vmRef).min(1).max(256) })).output(z.array(sharing)),
  fix: oc.errors(problems).input(z.object({ plan: movePlan, fix })),
  /**
   * Starts one job per plan under ids made by the client; a known id is answered, not started again. Plans of technique `gang` from one host make one gang: their jobs
   * begin together and bear the same `gang`.
   */
  start: oc.errors(problems).input(z.object({ moves: z.array(z.object({ job: z.string().min(8), plan: movePlan })).min(1) })),
  cancel: oc.errors(problems).input(job),
  setLimits: oc.errors(problems).input(job.extend({ bandwidthMiBps: z.number().int().min(1).optional(), downtimeMs: z.number().int().min(1).max(10_000).optional() })),
  switchToPostcopy: oc.errors(problems).input(job),
  /** Resumes a post-copy move that lost its network. */
  recover: oc.errors(problems).input(job),
}
