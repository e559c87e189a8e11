import { oc, eventIterator } from '@orpc/contract'
import { z } from 'zod'
import { hostId } from './host.ts'
import { movePlan } from './migration.ts'
import { pageFigures, pageSample } from './pages.ts'
import { problem, problems } from './problem.ts'

/** What a move is doing, in the order in which it happens. `recovering`: post-copy lost its network and waits. */
export const phase = z.enum(['preparing', 'storage', 'memory', 'switching', 'postcopy', 'finishing', 'recovering'])
export type Phase = z.infer<typeof phase>

/** Whether and how a job can be cancelled now; the reason is shown on the disabled button. */
export const cancellation = z.discriminatedUnion('can', [
  z.object({ can: z.literal('yes'), effect: z.string() }),
  z.object({ can: z.literal('no'), reason: z.string() }),
  z.object({ can: z.literal('requested') }),
])

/** Where a VM is, after both hosts were asked. */
export const whereabouts = z.object({
  source: z.enum(['running', 'paused', 'off', 'absent', 'unreachable']),
  destination: z.enum(['running', 'paused', 'off', 'absent', 'unreachable']),
  /** The truth in a sentence, with the safe next steps. */
  verdict: z.string(),
  steps: z.array(z.string()),
})
export type Whereabouts = z.infer<typeof whereabouts>

/** Milliseconds and bytes. `guestGapMs` is the guest's own pause where it was measured. */
export const moveResult = z.object({
  totalMs: z.number(),
  downtimeMs: z.number().nullable(),
  guestGapMs: z.number().nullable(),
  bytes: z.number().nullable(),
  iterations: z.number().nullable(),
})
export type MoveResult = z.infer<typeof moveResult>

export const jobState = z.discriminatedUnion('state', [
  z.object({ state: z.literal('queued'), reason: z.string() }),
  z.object({ state: z.literal('running'), phase, cancellation, isPastNoReturn: z.boolean(), canSwitch: z.boolean(), canRecover: z.boolean() }),
  z.object({ state: z.literal('succeeded'), result: moveResult }),
  z.object({ state: z.literal('failed'), problem, whereabouts: whereabouts.nullable() }),
  z.object({ state: z.literal('cancelled'), whereabouts: whereabouts.nullable() }),
  /** The driver went away without a last word; both hosts are being asked. */
  z.object({ state: z.literal('uncertain'), problem, whereabouts: whereabouts.nullable() }),
])
export type JobState = z.infer<typeof jobState>

/** Seconds left of a move as a range; `not-converging` when it will not end by itself. */
export const jobEta = z.union([z.tuple([z.number(), z.number()]), z.literal('not-converging')])

export const job = z.object({
  id: z.string(),
  kind: z.literal('move'),
  plan: movePlan,
  vmName: z.string(),
  sourceName: z.string(),
  destinationName: z.string(),
  /** Milliseconds since the epoch. */
  createdAt: z.number(),
  startedAt: z.number().nullable(),
  endedAt: z.number().nullable(),
  state: jobState,
  /** 0 to 1, never falling; null while it cannot be known. */
  progress: z.number().min(0).max(1).nullable(),
  eta: jobEta.nullable(),
  driver: z.enum(['agent', 'app']),
  /** The jobs that move as one gang bear the same id; `size` is how many there were at its beginning, `index` counts them from 0; `destinations` are those of all of them. */
  gang: z.object({ id: z.string(), size: z.number().int(), index: z.number().int(), destinations: z.array(hostId) }).nullish(),
  /** Newest of a move whose memory goes through the agents; of an ended one its totals. */
  pages: pageFigures.nullish(),
})
export type Job = z.infer<typeof job>

export const logLine = z.object({ t: z.number(), level: z.enum(['info', 'warning', 'error']), text: z.string() })
export type LogLine = z.infer<typeof logLine>

/** Samples of a move as columns, oldest first. Bytes, bytes per second, milliseconds; null where QEMU does not say. */
export const moveSamples = z.object({
  t: z.array(z.number()),
  phase: z.array(phase),
  memoryTotal: z.array(z.number()),
  memoryRemaining: z.array(z.number()),
  memoryTransferred: z.array(z.number()),
  throughput: z.array(z.number()),
  dirtyRate: z.array(z.number().nullable()),
  iteration: z.array(z.number()),
  throttle: z.array(z.number()),
  diskTotal: z.array(z.number()),
  diskTransferred: z.array(z.number()),
  postcopyRequests: z.array(z.number()),
  /** Milliseconds that vCPUs stood still on missing pages, cumulative; null where QEMU does not say. */
  blocktimeMs: z.array(z.number().nullable()),
  expectedDowntimeMs: z.array(z.number().nullable()),
  /** Of a move whose memory goes through the agents. */
  pages: z.array(pageSample.nullable()),
})
export type MoveSamples = z.infer<typeof moveSamples>

export const jobFrame = z.object({
  seq: z.number().int(),
  /** The first frame carries all samples and lines so far and replaces what the client has. */
  isSnapshot: z.boolean(),
  job,
  samples: moveSamples,
  log: z.array(logLine),
})
export type JobFrame = z.infer<typeof jobFrame>

const filter = z.object({ host: hostId.optional(), vm: z.string().optional(), text: z.string().optional(), before: z.number().optional(), limit: z.number().int().min(1).max(1000).default(200) })

export const jobContract = {
  /** Ended jobs, newest first. */
  list: oc.errors(problems).input(filter).output(z.array(job)),
  /** All running and recently ended jobs, as they change; a slot, like the inventory. Frames carry changed jobs only, the first one all. */
  watchAll: oc.output(eventIterator(z.object({ isSnapshot: z.boolean(), jobs: z.array(job) }))),
  watch: oc.errors(problems).input(z.object({ job: z.string(), subscription: z.string() })).output(eventIterator(jobFrame)),
  ack: oc.input(z.object({ subscription: z.string(), seq: z.number().int() })),
  /** Asks both hosts again where the VM of an ended or uncertain job is. */
  locate: oc.errors(problems).input(z.object({ job: z.string() })).output(whereabouts),
  /** A safe step named in whereabouts, such as resuming a paused source after the destination was proven empty. */
  resolve: oc.errors(problems).input(z.object({ job: z.string(), step: z.enum(['resume-source', 'suspend-source']) })),
}
