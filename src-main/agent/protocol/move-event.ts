import { z } from 'zod'
import { moveLimits } from './move-spec.ts'
import { pageFigures } from './page-figures.ts'

/** The job's phases, as in the contract. `storage`: disks are being copied. */
export const movePhase = z.enum(['preparing', 'storage', 'memory', 'switching', 'postcopy', 'finishing', 'recovering'])
export type MovePhase = z.infer<typeof movePhase>

/** The five calls, and the switch to post-copy between Perform's start and its reply. */
export const moveStep = z.enum(['begin', 'prepare', 'perform', 'switch', 'finish', 'confirm'])
export type MoveStep = z.infer<typeof moveStep>

/** A failure as it crosses the wire: never a secret in it. `libvirt`: virErrorNumber, virErrorDomain and the daemon's text. */
export const moveFailure = z.object({
  code: z.string(),
  sentence: z.string(),
  evidence: z.string().optional(),
  next: z.string().optional(),
  step: moveStep.optional(),
  /** Whose answer, or silence, it was. */
  side: z.enum(['source', 'destination']).optional(),
  libvirt: z.object({ code: z.number().int(), domain: z.number().int(), text: z.string() }).optional(),
})
export type MoveFailure = z.infer<typeof moveFailure>

export const place = z.enum(['running', 'paused', 'off', 'absent', 'unreachable'])
export type Place = z.infer<typeof place>

/** Where the VM is after both daemons were asked. `steps`: safe next steps, in words. */
export const moveWhereabouts = z.object({ source: place, destination: place, verdict: z.string(), steps: z.array(z.string()) })
export type MoveWhereabouts = z.infer<typeof moveWhereabouts>

/** One measurement: bytes, bytes per second, milliseconds, percent. null where QEMU does not say. The columns are the contract's `moveSamples`. */
export const moveSample = z.object({
  phase: movePhase,
  memoryTotal: z.number(),
  memoryRemaining: z.number(),
  memoryTransferred: z.number(),
  throughput: z.number(),
  dirtyRate: z.number().nullable(),
  iteration: z.number(),
  throttle: z.number(),
  diskTotal: z.number(),
  diskTransferred: z.number(),
  postcopyRequests: z.number(),
  blocktimeMs: z.number().nullable(),
  expectedDowntimeMs: z.number().nullable(),
})
export type MoveSample = z.infer<typeof moveSample>

/** Milliseconds and bytes. `downtimeMs` is QEMU's own figure; the guest's gap is measured elsewhere. */
export const moveFigures = z.object({
  totalMs: z.number(),
  downtimeMs: z.number().nullable(),
  bytes: z.number().nullable(),
  iterations: z.number().nullable(),
  /** From Perform's reply to Finish's: after a post-copy switch the part in which nothing can save the VM from a lost connection. */
  finishMs: z.number().nullable(),
})
export type MoveFigures = z.infer<typeof moveFigures>

/**
 * How a move ended. `lost`: its driver went without a last word (the agent was killed): both hosts must be asked.
 * `succeeded` may carry a `remark`, such as a source that could not be undefined.
 */
export const moveOutcome = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('succeeded'), figures: moveFigures, remark: z.string().optional() }),
  z.object({ kind: z.literal('cancelled'), whereabouts: moveWhereabouts.nullable() }),
  z.object({ kind: z.literal('failed'), failure: moveFailure, whereabouts: moveWhereabouts.nullable() }),
  z.object({ kind: z.literal('lost'), failure: moveFailure }),
])
export type MoveOutcome = z.infer<typeof moveOutcome>

/** What may be commanded now; the reasons are shown on disabled buttons. */
export const moveControls = z.object({
  cancellation: z.discriminatedUnion('can', [
    z.object({ can: z.literal('yes'), effect: z.string() }),
    z.object({ can: z.literal('no'), reason: z.string() }),
    z.object({ can: z.literal('requested') }),
  ]),
  isPastNoReturn: z.boolean(),
  canSwitch: z.boolean(),
  canRecover: z.boolean(),
})
export type MoveControls = z.infer<typeof moveControls>

/** What happened, without its number and time. */
export const moveHappening = z.discriminatedUnion('kind', [
  /** The first event of every job. `flags`: as they went to libvirt. */
  z.object({ kind: z.literal('started'), vm: z.object({ name: z.string(), uuid: z.string() }), technique: z.string(), driver: z.enum(['agent', 'app']), flags: z.number() }),
  z.discriminatedUnion('state', [
    z.object({ kind: z.literal('step'), step: moveStep, state: z.literal('started') }),
    z.object({ kind: z.literal('step'), step: moveStep, state: z.literal('done'), ms: z.number() }),
    z.object({ kind: z.literal('step'), step: moveStep, state: z.literal('failed'), ms: z.number(), failure: moveFailure }),
  ]),
  z.object({ kind: z.literal('phase'), phase: movePhase }),
  z.object({ kind: z.literal('controls'), controls: moveControls }),
  z.object({ kind: z.literal('sample'), sample: moveSample }),
  /** Of a move whose memory goes through the agents. */
  z.object({ kind: z.literal('pages'), pages: pageFigures }),
  z.object({ kind: z.literal('log'), level: z.enum(['info', 'warning', 'error']), text: z.string() }),
  /** Written down before Perform leaves: from its reply on, Finish must follow. */
  z.object({ kind: z.literal('intent'), intent: z.enum(['perform-finish', 'switch']) }),
  /** `consequence`: what a failure after it would mean, in a sentence. */
  z.object({ kind: z.literal('no-return'), state: z.enum(['announced', 'crossed']), consequence: z.string() }),
  z.object({ kind: z.literal('limits'), limits: moveLimits }),
  z.object({ kind: z.literal('recovering'), state: z.enum(['waiting', 'resuming', 'resumed']), reason: z.string() }),
  z.object({ kind: z.literal('ended'), outcome: moveOutcome }),
])
export type MoveHappening = z.infer<typeof moveHappening>

/**
 * An event of a job. `seq` counts from 1 per job and only grows; thinned samples leave holes in it. `t`: milliseconds since the epoch by the conductor's clock.
 * After `ended` nothing follows.
 */
export const moveEvent = z.intersection(z.object({ seq: z.number().int().min(1), t: z.number() }), moveHappening)
export type MoveEvent = MoveHappening & { seq: number; t: number }
