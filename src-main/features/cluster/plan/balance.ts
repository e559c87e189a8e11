import type { Problem } from '../../../contract/problem.ts'
import { Failure } from '../../../base/failure.ts'
import { brokenRules } from '../placement/broken-rules.ts'
import type { Model, ModelVm } from '../placement/model.ts'
import { crowded, Occupancy, type Bin } from '../placement/occupancy.ts'
import type { Wish } from '../placement/place.ts'

/** Hosts whose fullest and emptiest differ by less are even enough: a move costs more than it gains. */
const evenEnough = 0.15
/** Moves that one suggestion may have: a plan that nobody can read through is no suggestion. */
const mostMoves = 40

interface Step {
  readonly vm: ModelVm
  readonly to: string
}

export interface BalanceOptions {
  readonly hosts: readonly string[] | null
  readonly pinned: ReadonlySet<string>
  /** Destinations that the user has set, by uuid. */
  readonly chosen: ReadonlyMap<string, string>
}

/**
 * Moves that even the load, as few as will do: the one that helps most, again and again, until the hosts are even enough; then those that turned out not to be needed
 * are left out. Hosts that take nothing now (maintenance, away) are left alone. Throws `nothing-to-plan` where load is even.
 */
export function balance(model: Model, { hosts, pinned, chosen }: BalanceOptions): { moving: ModelVm[]; wishes: Map<string, Wish>; staying: { vm: ModelVm; decision: 'pin'; why: string }[]; warnings: Problem[] } {
  const occupancy = new Occupancy(model)
  const bins = [...occupancy.bins.values()].filter(({ host }) => host.excluded === null && (hosts === null || hosts.includes(host.id)))
  if (bins.length < 2) throw new Failure('nothing-to-plan', 'There are fewer than two hosts that can give and take VMs now.')
  const before = new Map(bins.map((bin) => [bin.host.id, describe(bin)]))
  const steps: Step[] = []
  for (const vm of model.vms) {
    const to = chosen.get(vm.uuid)
    if (to !== undefined && bins.some(({ host }) => host.id === to) && bins.some(({ host }) => host.id === vm.host)) apply(occupancy, steps, { vm, to })
  }
  while (!isEven(bins) && steps.length < mostMoves) {
    const best = bestStep(occupancy, bins, pinned, new Set(steps.map(({ vm }) => vm.uuid)))
    if (!best) break
    apply(occupancy, steps, best)
  }
  const kept = leaveOutNeedless(occupancy, steps, bins, chosen)
  // A plan that the user has changed is shown even where nothing is left of it: how else could the change be taken back?
  const staying = model.vms.filter(({ uuid }) => pinned.has(uuid)).map((vm) => ({ vm, decision: 'pin' as const, why: 'You pinned it to its host.' }))
  if (kept.length === 0 && staying.length === 0) {
    const why = isEven(bins) ? 'Load is even: no host is fuller than another by more than 15 %, and none is above 90 %.' : 'No single move would even the load without breaking a rule or overfilling a host.'
    throw new Failure('nothing-to-plan', why)
  }
  const wishes = new Map(kept.map(({ vm, to }) => [vm.uuid, { host: to, why: chosen.has(vm.uuid) ? 'You chose this host.' : reason(occupancy, before, vm.host, to) }]))
  return { moving: kept.map(({ vm }) => vm), wishes, staying, warnings: brokenRules(model).map((message) => ({ code: 'rule-broken', message })) }
}

function apply(occupancy: Occupancy, steps: Step[], step: Step): void {
  occupancy.take(step.vm, step.vm.host)
  occupancy.put(step.vm, step.to)
  steps.push(step)
}

function isEven(bins: readonly Bin[]): boolean {
  const of = (share: (bin: Bin) => number) => {
    const shares = bins.map(share)
    return Math.max(...shares) <= crowded && Math.max(...shares) - Math.min(...shares) <= evenEnough
  }
  return of(memoryShare) && of(cpuShare)
}

/** Falls as load evens: the sum of squares of what every host carries, memory and CPU alike. */
function unevenness(bins: readonly Bin[]): number {
  return bins.reduce((sum, bin) => sum + memoryShare(bin) ** 2 + cpuShare(bin) ** 2, 0)
}

function bestStep(occupancy: Occupancy, bins: readonly Bin[], pinned: ReadonlySet<string>, moved: ReadonlySet<string>): Step | null {
  let best: (Step & { readonly after: number }) | null = null
  const now = unevenness(bins)
  for (const from of bins) {
    for (const vm of [...from.vms.values()]) {
      // A VM that is off carries no load; one that a rule binds to others would drag them along; one that is in a move has its turn there.
      if (!vm.isActive || pinned.has(vm.uuid) || moved.has(vm.uuid) || vm.state !== 'running') continue
      occupancy.take(vm, from.host.id)
      for (const to of bins) {
        if (to === from || occupancy.whyNot([vm], to.host.id) !== null) continue
        occupancy.put(vm, to.host.id)
        const after = unevenness(bins)
        occupancy.take(vm, to.host.id)
        if (after < (best?.after ?? now) - 1e-6 && memoryShare(to) + vm.memoryKiB / Math.max(1, to.host.memoryKiB) <= crowded) best = { vm, to: to.host.id, after }
      }
      occupancy.put(vm, from.host.id)
    }
  }
  return best
}

/** A step that was best at its time may not be needed in the end. */
function leaveOutNeedless(occupancy: Occupancy, steps: readonly Step[], bins: readonly Bin[], chosen: ReadonlyMap<string, string>): Step[] {
  const kept = [...steps]
  if (!isEven(bins)) return kept
  for (const step of steps) {
    if (chosen.has(step.vm.uuid)) continue
    occupancy.take(step.vm, step.to)
    const fits = occupancy.whyNot([step.vm], step.vm.host) === null
    occupancy.put(step.vm, fits ? step.vm.host : step.to)
    if (!fits) continue
    if (isEven(bins)) kept.splice(kept.indexOf(step), 1)
    else {
      occupancy.take(step.vm, step.vm.host)
      occupancy.put(step.vm, step.to)
    }
  }
  return kept
}

function memoryShare({ host, memoryKiB }: Bin): number {
  return memoryKiB / Math.max(1, host.memoryKiB)
}

function cpuShare({ host, cpu }: Bin): number {
  return cpu / Math.max(1, host.cpus)
}

interface Described {
  readonly memory: number
  readonly cpu: number
}

function describe(bin: Bin): Described {
  return { memory: memoryShare(bin), cpu: cpuShare(bin) }
}

function reason(occupancy: Occupancy, before: ReadonlyMap<string, Described>, from: string, to: string): string {
  const [giver, taker] = [occupancy.bins.get(from)!, occupancy.bins.get(to)!]
  const [was, had] = [before.get(from)!, before.get(to)!]
  const what = was.memory - had.memory >= was.cpu - had.cpu ? 'memory' : 'cpu'
  const change = ({ host }: Bin, then: Described, now: Described) => `${host.name} goes from ${percent(then[what])} to ${percent(now[what])} of its ${what === 'memory' ? 'memory' : 'CPU'}`
  return `With this plan ${change(giver, was, describe(giver))}, and ${change(taker, had, describe(taker))}.`
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`
}
