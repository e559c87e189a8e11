import type { Placement } from '../../../contract/cluster.ts'
import type { Problem } from '../../../contract/problem.ts'
import type { PlanEdit, PlanRequest } from '../../../contract/plan.ts'
import { Failure } from '../../../base/failure.ts'
import type { Model, ModelVm } from '../placement/model.ts'
import type { Wish } from '../placement/place.ts'
import { balance } from './balance.ts'

/** What a plan wants to move, before both hosts were asked. */
export interface Intent {
  readonly moving: readonly ModelVm[]
  /** Hosts that are set, by uuid: by the user, or by what the plan is for. Where they cannot be, the VM stays. */
  readonly wishes: ReadonlyMap<string, Wish>
  /** Rows that stay, with the reason. */
  readonly staying: readonly { readonly vm: ModelVm; readonly decision: 'move' | 'skip' | 'pin'; readonly why: string }[]
  readonly warnings: readonly Problem[]
}

type Wanted = Omit<Intent, 'wishes'> & { readonly wishes?: ReadonlyMap<string, Wish> }

/** Throws `host-unknown`, `placement-unknown`, or `nothing-to-plan` with the reason. `past`: moves that came about, newest first. */
export function intentOf(request: PlanRequest, model: Model, past: readonly Placement[]): Intent {
  const wanted = wantedBy(request, model, past)
  const edits = new Map(request.edits.map((edit) => [`${edit.vm.host}/${edit.vm.uuid}`, edit]))
  const wishes = new Map(wanted.wishes)
  const moving: ModelVm[] = []
  const staying = [...wanted.staying]
  for (const vm of wanted.moving) {
    const edit = edits.get(`${vm.host}/${vm.uuid}`)
    const decision = edit?.decision ?? 'move'
    if (decision !== 'move') staying.push({ vm, decision, why: decision === 'skip' ? 'You left it out of this plan.' : 'You pinned it to its host.' })
    else moving.push(vm)
    if (decision === 'move' && edit?.destination !== undefined) wishes.set(vm.uuid, { host: edit.destination, why: 'You chose this host.' })
  }
  return { moving, wishes, staying, warnings: wanted.warnings }
}

function wantedBy(request: PlanRequest, model: Model, past: readonly Placement[]): Wanted {
  switch (request.kind) {
    case 'evacuate':
      return evacuation(request, model)
    case 'return':
      return homecoming(request, model, past)
    case 'balance':
      return balance(model, { hosts: request.hosts, pinned: pinnedBy(request.edits), chosen: destinationsOf(request.edits) })
    case 'undo':
      return undoing(request.placement, model, past)
  }
}

function evacuation({ host, vms }: { host: string; vms: string[] | null }, model: Model): Wanted {
  const name = hostIn(model, host).name
  const here = model.vms.filter((vm) => vm.host === host)
  if (here.length === 0) throw nothing(`${name} has no VMs.`)
  const moving = vms ? here.filter(({ uuid }) => vms.includes(uuid)) : here
  if (moving.length === 0) throw nothing(`None of the chosen VMs is on ${name}.`)
  return { moving, staying: [], warnings: [] }
}

function homecoming({ host, vms }: { host: string; vms: string[] | null }, model: Model, past: readonly Placement[]): Wanted {
  const { name } = hostIn(model, host)
  const departed = new Map<string, Placement>()
  const since = emptiedAt(host, past)
  // Newest first: the first one tells how a VM left.
  for (const move of past) if (move.from === host && move.t >= since && !departed.has(move.vm)) departed.set(move.vm, move)
  const wishes = new Map<string, Wish>()
  const moving: ModelVm[] = []
  for (const vm of model.vms) {
    const move = departed.get(vm.uuid)
    if (!move || vm.host === host || (vms && !vms.includes(vm.uuid)) || model.vms.some((other) => other.uuid === vm.uuid && other.host === host)) continue
    moving.push(vm)
    wishes.set(vm.uuid, { host, why: `It was on ${name} until ${new Date(move.t).toISOString().slice(0, 16).replace('T', ' ')} UTC.` })
  }
  if (moving.length === 0) throw nothing(`No VM is known that was moved off ${name} and is on another host now.`)
  return { moving, wishes, staying: [], warnings: [] }
}

function undoing(id: string | null, model: Model, past: readonly Placement[]): Wanted {
  // What was undone already is not undone once more, and an undo is not the move that is meant.
  const isThere = ({ vm, to }: Placement) => model.vms.some(({ uuid, host }) => uuid === vm && host === to)
  const move = id === null ? (past.find((each) => each.kind !== 'undo' && isThere(each)) ?? past[0]) : past.find((each) => each.id === id)
  if (!move && id !== null) throw new Failure('placement-unknown', 'This move is not known.', { next: 'Look it up in the history.' })
  if (!move) throw nothing('Nothing has been moved yet.')
  const to = model.hosts.find(({ id: each }) => each === move.from)
  if (!to) throw nothing(`${move.vmName} came from a host that is no longer in Drover.`)
  const vm = model.vms.find(({ uuid, host }) => uuid === move.vm && host === move.to)
  if (!vm) {
    const now = model.vms.find(({ uuid }) => uuid === move.vm)
    throw nothing(now ? `${move.vmName} has been moved again since: it is on ${hostIn(model, now.host).name} now.` : `${move.vmName} is no longer there.`)
  }
  return { moving: [vm], wishes: new Map([[vm.uuid, { host: move.from, why: `It was on ${to.name} before that move.` }]]), staying: [], warnings: [] }
}

/** When the last evacuation of the host began to move VMs; 0 where there was none. */
function emptiedAt(host: string, past: readonly Placement[]): number {
  const last = past.find(({ kind, from }) => kind === 'evacuate' && from === host)
  return last ? Math.min(...past.filter(({ run, from }) => run === last.run && from === host).map(({ t }) => t)) : 0
}

function hostIn(model: Model, id: string) {
  const host = model.hosts.find((each) => each.id === id)
  if (!host) throw new Failure('host-unknown', 'This host is not known to Drover.')
  return host
}

function pinnedBy(edits: readonly PlanEdit[]): ReadonlySet<string> {
  return new Set(edits.filter(({ decision }) => decision === 'pin').map(({ vm }) => vm.uuid))
}

function destinationsOf(edits: readonly PlanEdit[]): ReadonlyMap<string, string> {
  return new Map(edits.flatMap(({ vm, decision, destination }) => (decision === 'move' && destination !== undefined ? [[vm.uuid, destination] as const] : [])))
}

function nothing(why: string): Failure {
  return new Failure('nothing-to-plan', why)
}
