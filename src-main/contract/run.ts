import { z } from 'zod'
import { hostId } from './host.ts'
import { jobEta, whereabouts } from './job.ts'
import { plannedMove, planRequest } from './plan.ts'
import { problem } from './problem.ts'

/** What a VM of a run is doing. `job` is that of its newest move. Times in milliseconds since the epoch. */
export const runRowState = z.discriminatedUnion('state', [
  z.object({ state: z.literal('waiting'), reason: z.string() }),
  /** It is its turn: both hosts are being asked once more, and the rules. */
  z.object({ state: z.literal('checking'), since: z.number() }),
  /** The guest was asked to shut down, or is being saved; its move follows. */
  z.object({ state: z.literal('stopping'), since: z.number(), how: z.enum(['shut-down', 'save']) }),
  /** `wake`: what the guest needs afterwards, where it was stopped for it. */
  z.object({ state: z.literal('moving'), since: z.number(), job: z.string(), wake: z.enum(['start', 'restore']).nullish() }),
  /** It has arrived, and is being started or restored. */
  z.object({ state: z.literal('starting'), since: z.number() }),
  z.object({ state: z.literal('moved'), at: z.number(), job: z.string().nullable(), seconds: z.number(), downtimeMs: z.number().nullable() }),
  /** `retry` is possible; the VM is where `whereabouts` says. */
  z.object({ state: z.literal('failed'), at: z.number(), job: z.string().nullable(), problem, whereabouts: whereabouts.nullable() }),
  z.object({ state: z.literal('skipped'), at: z.number(), reason: z.string() }),
  /** The plan left it where it is. */
  z.object({ state: z.literal('stays'), reason: z.string() }),
  /** Moved back by "bring back". */
  z.object({ state: z.literal('returned'), at: z.number(), job: z.string().nullable() }),
])
export type RunRowState = z.infer<typeof runRowState>

export const runRow = plannedMove.extend({
  state: runRowState,
  sourceName: z.string(),
  destinationName: z.string().nullable(),
  memoryKiB: z.number(),
  vcpus: z.number().int(),
  /** Milliseconds since the epoch: when its turn came and when it was over. */
  startedAt: z.number().nullable(),
  endedAt: z.number().nullable(),
  /** 0 to 1 of the move that is going on; bytes per second. */
  progress: z.number().nullable(),
  throughput: z.number().nullable(),
  /** Of the move that is going on. */
  eta: jobEta.nullish(),
})
export type RunRow = z.infer<typeof runRow>

/** What the host itself answered at the end. */
export const emptiness = z.object({
  host: hostId,
  /** Null when it could not be asked. */
  isEmpty: z.boolean().nullable(),
  /** Names of the VMs that are still there, running or not. */
  left: z.array(z.string()),
  at: z.number(),
})
export type Emptiness = z.infer<typeof emptiness>

export const runState = z.discriminatedUnion('state', [
  z.object({ state: z.literal('running') }),
  /** Nothing new begins; what is under way goes on. */
  z.object({ state: z.literal('paused'), since: z.number(), reason: z.string() }),
  /** Drover was started anew: moves that agents drive go on, the queue waits for `resume` or `cancel`. */
  z.object({ state: z.literal('awaiting-word'), since: z.number(), reason: z.string() }),
  /** Cancelled: nothing new begins, moves under way are being cancelled, or end where they cannot be. */
  z.object({ state: z.literal('stopping'), since: z.number(), mode: z.enum(['stop', 'return']) }),
  /** What has moved is being brought back. */
  z.object({ state: z.literal('returning'), since: z.number() }),
  /** `verdict` is the truth in a sentence ("Evacuated: alpha was asked and has no VM left."). `isComplete` when everything that was planned came about. */
  z.object({ state: z.literal('done'), at: z.number(), isComplete: z.boolean(), isCancelled: z.boolean(), verdict: z.string(), emptiness: emptiness.nullable() }),
])
export type RunState = z.infer<typeof runState>

export const run = z.object({
  id: z.string().min(8),
  request: planRequest,
  /** Of the host that is emptied or filled; null for balance and undo. */
  hostName: z.string().nullable(),
  reason: z.string(),
  who: z.string(),
  /** The host goes into maintenance with it. */
  isMaintenance: z.boolean(),
  /** Cancelled with "bring back": what has moved is brought back, or was. */
  bringsBack: z.boolean().default(false),
  createdAt: z.number(),
  endedAt: z.number().nullable(),
  state: runState,
  perHost: z.number().int(),
  perLink: z.number().int(),
  bandwidthMiBps: z.number().nullable(),
  rows: z.array(runRow),
  /** Seconds that the plan forecast for all of it. */
  forecastSeconds: z.tuple([z.number(), z.number()]).nullable(),
  /** Seconds left as a range; null while it cannot be known. */
  eta: z.tuple([z.number(), z.number()]).nullable(),
})
export type Run = z.infer<typeof run>

/** One sample a second while something moves, oldest first. `memory` in KiB used per host; `links` in bytes per second. Columns are as long as `t`. */
export const runSamples = z.object({
  t: z.array(z.number()),
  hosts: z.array(z.object({ host: hostId, memory: z.array(z.number()) })),
  links: z.array(z.object({ source: hostId, destination: hostId, throughput: z.array(z.number()) })),
})
export type RunSamples = z.infer<typeof runSamples>

/** `samples` are those since the last frame; of a snapshot all there are. `log` likewise. */
export const runFrame = z.object({
  seq: z.number().int(),
  isSnapshot: z.boolean(),
  run,
  samples: runSamples,
  log: z.array(z.object({ t: z.number(), level: z.enum(['info', 'warning', 'error']), text: z.string() })),
})
export type RunFrame = z.infer<typeof runFrame>
