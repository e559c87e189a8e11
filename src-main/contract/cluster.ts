import { oc, eventIterator } from '@orpc/contract'
import { z } from 'zod'
import { hostId } from './host.ts'
import { placementRule, plan, plannedMove, planRequest } from './plan.ts'
import { pageFigures } from './pages.ts'
import { problems } from './problem.ts'
import { emptiness, run, runFrame } from './run.ts'

/** One move that came about, whoever asked for it: who moved what, when, why, how long, how much downtime. Times in milliseconds since the epoch. */
export const placement = z.object({
  /** That of its job. */
  id: z.string(),
  t: z.number(),
  vm: z.string(),
  vmName: z.string(),
  from: hostId,
  fromName: z.string(),
  to: hostId,
  toName: z.string(),
  technique: z.string(),
  run: z.string().nullable(),
  /** `evacuate`, `return`, `balance`, `undo` of its run; `move` for one that was asked for by itself. */
  kind: z.enum(['move', 'evacuate', 'return', 'balance', 'undo']),
  reason: z.string(),
  who: z.string(),
  seconds: z.number(),
  downtimeMs: z.number().nullable(),
  bytes: z.number().nullable(),
  /** Of a gang: its id. */
  gang: z.string().nullish(),
  /** Where the agents carried the memory: totals of its pages. */
  pages: pageFigures.pick({ classes: true, bytes: true, sourceFreeMs: true }).nullish(),
})
export type Placement = z.infer<typeof placement>

const one = z.object({ host: hostId })
const ofRun = z.object({ run: z.string() })

export const clusterContract = {
  /**
   * The first frame is reckoned from the inventory, at once; later ones take in what both hosts answered, row by row. It ends when all is checked.
   * Rejects with `host-unknown`, `nothing-to-plan` (with the reason), `placement-unknown`.
   */
  plan: oc.errors(problems).input(planRequest).output(eventIterator(plan)),
  /**
   * Carries out rows of a plan under an id that the client made; a known id is answered, not started again. `isMaintenance` puts the host of an
   * evacuation into maintenance. Rejects with `run-clash` while another run has one of the VMs in hand, `plan-invalid`, `plan-outdated` or `vm-gone` where a VM was
   * started, stopped or moved since the plan was made, `host-unknown`, `store-…`.
   */
  start: oc
    .errors(problems)
    .input(
      z.object({
        run: z.string().min(8),
        request: planRequest,
        rows: z.array(plannedMove).min(1),
        reason: z.string().max(500).default(''),
        isMaintenance: z.boolean().default(false),
        perHost: z.number().int().min(1).max(16).default(2),
        perLink: z.number().int().min(1).max(16).default(2),
        /** Of the plan, kept with the run so that forecast and truth can be compared. */
        forecastSeconds: z.tuple([z.number(), z.number()]).nullable().default(null),
      }),
    )
    .output(run),
  /** All open and recently ended runs, as they change; the first frame has all, later ones what changed. */
  watchRuns: oc.errors(problems).output(eventIterator(z.object({ isSnapshot: z.boolean(), runs: z.array(run) }))),
  /** A slot like `job.watch`. Rejects with `run-unknown`. */
  watchRun: oc.errors(problems).input(ofRun.extend({ subscription: z.string() })).output(eventIterator(runFrame)),
  ack: oc.input(z.object({ subscription: z.string(), seq: z.number().int() })),
  /** Nothing new begins. All of these reject with `run-unknown`, or `run-over`. */
  pause: oc.errors(problems).input(ofRun),
  /** Goes on after a pause, or gives the word after a restart. */
  resume: oc.errors(problems).input(ofRun),
  setParallelism: oc
    .errors(problems)
    .input(ofRun.extend({ perHost: z.number().int().min(1).max(16), perLink: z.number().int().min(1).max(16), bandwidthMiBps: z.number().int().min(1).nullable().optional() })),
  /** A row that waits is left out. Rejects with `row-busy` where it is under way: cancel its job instead. `vm` is a uuid. */
  skip: oc.errors(problems).input(ofRun.extend({ vm: z.string() })),
  /** A row that failed or was skipped gets its turn again, also of a run that is over; to another host where one is given, or, in an evacuation, where the planned one cannot take it any more. */
  retry: oc.errors(problems).input(ofRun.extend({ vm: z.string(), destination: hostId.optional() })),
  /** `stop`: what has moved stays where it is now. `return`: it is brought back. Moves past the point of no return end first. */
  cancel: oc.errors(problems).input(ofRun.extend({ mode: z.enum(['stop', 'return']) })),
  /** Asks the host itself which VMs it has. */
  emptiness: oc.errors(problems).input(one).output(emptiness),
  /** Placement, balance and verdicts leave the host alone from now on; `entering` while VMs run there, `in` once it was asked and none does. */
  enterMaintenance: oc.errors(problems).input(one.extend({ reason: z.string().max(500).default('') })),
  leaveMaintenance: oc.errors(problems).input(one),
  /**
   * Shuts the machine down over SSH. `confirm` is the host's shown name. Rejects with `confirm-wrong`, `host-not-empty` (it was asked), `host-no-shell`,
   * `host-busy` while a move touches it, or what the host says.
   */
  shutDownHost: oc.errors(problems).input(one.extend({ confirm: z.string() })),
  /** Placements, newest first; `text`: words that must all be found in names, reason, who, kind or technique. */
  placements: oc
    .errors(problems)
    .input(
      z.object({
        text: z.string().optional(),
        host: hostId.optional(),
        vm: z.string().optional(),
        run: z.string().optional(),
        before: z.number().optional(),
        limit: z.number().int().min(1).max(10_000).default(200),
      }),
    )
    .output(z.array(placement)),
  rules: oc.errors(problems).output(z.array(placementRule)),
  /** Adds a rule or replaces the one of its id. Rejects with `rule-empty` where it names no VM and no tag, or `rule-name-taken`. */
  putRule: oc.errors(problems).input(placementRule),
  removeRule: oc.errors(problems).input(z.object({ id: z.string() })),
}
