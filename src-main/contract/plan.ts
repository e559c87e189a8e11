import { z } from 'zod'
import { depotUse } from './depot.ts'
import { hostId } from './host.ts'
import { finding, fix, forecast, moveOptions, verdict } from './migration.ts'
import { problem } from './problem.ts'
import { vmRef, vmState } from './vm.ts'

/** Which VMs give way first in a plan and go first in a run. */
export const priority = z.enum(['high', 'normal', 'low'])
export type Priority = z.infer<typeof priority>

/** VMs by uuid, and all that carry one of the tags. */
export const ruleMembers = z.object({ vms: z.array(z.string()).default([]), tags: z.array(z.string()).default([]) })
export type RuleMembers = z.infer<typeof ruleMembers>

const ruleBase = { id: z.string().min(1), name: z.string().min(1), members: ruleMembers }

/** Where VMs may be. A plan never breaks a rule; what is broken already is said, and mended where a VM moves anyway. */
export const placementRule = z.discriminatedUnion('kind', [
  /** On one host, all of them. */
  z.object({ ...ruleBase, kind: z.literal('together') }),
  /** No two on one host. */
  z.object({ ...ruleBase, kind: z.literal('apart') }),
  /** Only on hosts that carry the tag. */
  z.object({ ...ruleBase, kind: z.literal('on-tag'), tag: z.string().min(1) }),
  z.object({ ...ruleBase, kind: z.literal('priority'), priority }),
])
export type PlacementRule = z.infer<typeof placementRule>

/** What becomes of a VM that cannot move as it is. Nothing is powered off because nobody chose: `leave` until another is chosen. */
export const obstacleChoice = z.enum(['copy-storage', 'save-and-move', 'shut-down-and-start', 'leave'])
export type ObstacleChoice = z.infer<typeof obstacleChoice>

/** How a row is carried out. `live` and `offline` are moves as they stand; `stay` does nothing. */
export const planHow = z.enum(['live', 'offline', 'save-and-move', 'shut-down-and-start', 'stay'])
export type PlanHow = z.infer<typeof planHow>

/** What the user changed in one row; the client keeps these, one per VM, and sends all of them with every request. */
export const planEdit = z.object({
  vm: vmRef,
  /** `skip`: not in this run. `pin`: it stays on its host whatever else is planned, and its load is counted there. */
  decision: z.enum(['move', 'skip', 'pin']).default('move'),
  /** Another host than the planned one; the plan keeps it even where it warns. */
  destination: hostId.optional(),
  /** Laid over the options that the plan would take. */
  options: moveOptions.partial().optional(),
  /** For a VM that cannot move as it is. */
  choice: obstacleChoice.optional(),
})
export type PlanEdit = z.infer<typeof planEdit>

const shared = {
  edits: z.array(planEdit).default([]),
  /** Moves at once that touch one host, and between the same two hosts; null takes what the plan finds best. */
  perHost: z.number().int().min(1).max(16).nullable().default(null),
  perLink: z.number().int().min(1).max(16).nullable().default(null),
  /** MiB/s that all moves over one host's network may take together; null is no limit. */
  bandwidthMiBps: z.number().int().min(1).nullable().default(null),
  /** Seconds between two moves that begin. */
  staggerSeconds: z.number().int().min(0).max(3600).default(0),
}

export const planRequest = z.discriminatedUnion('kind', [
  /** Empties a host; `vms` restricts it to some of its VMs, by uuid. */
  z.object({ ...shared, kind: z.literal('evacuate'), host: hostId, vms: z.array(z.string()).nullable().default(null) }),
  /** Brings back what was moved off the host, as far as it still fits; `vms` restricts it, by uuid. */
  z.object({ ...shared, kind: z.literal('return'), host: hostId, vms: z.array(z.string()).nullable().default(null) }),
  /** Evens the load with the fewest moves; over these hosts, or all of them. */
  z.object({ ...shared, kind: z.literal('balance'), hosts: z.array(hostId).nullable().default(null) }),
  /** Moves a VM back to where it was before a placement (its id); null is the last one. */
  z.object({ ...shared, kind: z.literal('undo'), placement: z.string().nullable().default(null) }),
])
export type PlanRequest = z.infer<typeof planRequest>

/** Why a VM cannot move as it is, what would settle it, and what can be chosen instead. */
export const obstacle = z.object({
  problem,
  /** Applied with `migration.fix`, or by the row's options; null where there is none. */
  fix: fix.nullable(),
  /** In the order in which they are offered; `effect` says in a sentence what it means for the guest. A choice that cannot be taken says why. */
  choices: z.array(z.object({ choice: obstacleChoice, effect: z.string(), whyNot: z.string().nullable() })),
  chosen: obstacleChoice,
})
export type Obstacle = z.infer<typeof obstacle>

/** The part of a row that a run carries out. `cluster.start` takes rows of a plan as they are. */
export const plannedMove = z.object({
  vm: vmRef,
  name: z.string(),
  /** Also of a row that stays because something is in its way: where it would go. */
  destination: hostId.nullable(),
  how: planHow,
  options: moveOptions.nullable(),
  priority,
  /** Why this host, or why it stays; one sentence. */
  why: z.string(),
})
export type PlannedMove = z.infer<typeof plannedMove>

/** One VM of a plan. Memory in KiB. */
export const planRow = plannedMove.extend({
  state: vmState,
  memoryKiB: z.number(),
  vcpus: z.number().int(),
  decision: z.enum(['move', 'skip', 'pin']),
  verdict,
  findings: z.array(finding),
  forecast: forecast.nullable(),
  /** Seconds after the run's beginning at which its move begins and ends, as forecast; null where it does not move. */
  slot: z.tuple([z.number(), z.number()]).nullable(),
  /** Both hosts were asked; until then the row is reckoned from the inventory. */
  isChecked: z.boolean(),
  obstacle: obstacle.nullable(),
})
export type PlanRow = z.infer<typeof planRow>

/** Load of a host. KiB; `cpu` in cores that its VMs keep busy. */
export const hostLoad = z.object({ memoryKiB: z.number(), vcpus: z.number().int(), cpu: z.number(), vms: z.number().int() })
export type HostLoad = z.infer<typeof hostLoad>

/** A host of a plan before and after; `headroomKiB` is what stays free, `isOver90` warns of memory or CPU above nine tenths. */
export const planHost = z.object({
  host: hostId,
  name: z.string(),
  memoryKiB: z.number(),
  cpus: z.number().int(),
  before: hostLoad,
  after: hostLoad,
  headroomKiB: z.number(),
  isOver90: z.boolean(),
  /** Why it takes nothing: in maintenance, offline, the host that is emptied; null where it may. */
  excluded: z.string().nullable(),
})
export type PlanHost = z.infer<typeof planHost>

/** Traffic between two hosts of a plan. Bytes, seconds as a range, MiB/s that one move gets; null where unknown. */
export const planLink = z.object({
  source: hostId,
  destination: hostId,
  mbps: z.number().nullable(),
  moves: z.number().int(),
  bytes: z.tuple([z.number(), z.number()]),
})
export type PlanLink = z.infer<typeof planLink>

/** Another way to empty the host: how many of the running VMs take it already, and what it would give. */
export const planOffer = z.object({
  technique: z.enum(['gang', 'scatter']),
  taken: z.number().int(),
  of: z.number().int(),
  /** Seconds for which the source would have to stay up; null where that is not another time than the plan's. */
  sourceFreeSeconds: z.tuple([z.number(), z.number()]).nullable(),
  /** In a sentence, also where it does not pay. */
  promise: z.string().nullable(),
  whyNot: z.string().nullable(),
  /** Copies of each page that it is to be taken with, where there are too few hosts for as many as usual; else null. */
  replicas: z.number().int().nullable(),
})
export type PlanOffer = z.infer<typeof planOffer>

/** Where the pages of a plan's scattered VMs are meanwhile. */
export const planDepots = z.object({
  /** As far as both hosts of a VM were asked. */
  hosts: z.array(depotUse),
  /** That the user chose, for all of the VMs; null where Drover chooses. */
  given: z.array(hostId).nullable(),
  /** Copies of each page; null where the VMs differ. */
  replicas: z.number().int().nullable(),
})
export type PlanDepots = z.infer<typeof planDepots>

/** The whole plan, anew with every frame. */
export const plan = z.object({
  request: planRequest,
  /** Preflights that came back, and how many there are; the plan is settled when they are equal. */
  checked: z.number().int(),
  toCheck: z.number().int(),
  /** In the order in which they begin; those that stay come last. */
  rows: z.array(planRow),
  hosts: z.array(planHost),
  links: z.array(planLink),
  perHost: z.number().int(),
  perLink: z.number().int(),
  bandwidthMiBps: z.number().nullable(),
  /** Total time as a range; null while nothing moves. */
  seconds: z.tuple([z.number(), z.number()]).nullable(),
  /** Of an evacuation: that the host is empty afterwards when all goes as planned. */
  empties: z.boolean(),
  /** Of an evacuation. */
  offers: z.array(planOffer).default([]),
  /** null where no VM is scattered. */
  depots: planDepots.nullable().default(null),
  warnings: z.array(problem),
})
export type Plan = z.infer<typeof plan>
