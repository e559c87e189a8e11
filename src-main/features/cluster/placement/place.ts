import type { Model, ModelVm } from './model.ts'
import { crowded, gib, type Bin, Occupancy } from './occupancy.ts'
import { rankOf } from './rule-book.ts'

/** A host that is set for a VM, and why. */
export interface Wish {
  readonly host: string
  readonly why: string
}

export interface Placed {
  readonly vm: ModelVm
  /** Null where no host can take it. */
  readonly destination: string | null
  /** Why this host, or why none; one sentence. */
  readonly why: string
  /** False where the host that was wished for cannot take it: it stays, and `why` says what is against it. */
  readonly isPossible: boolean
}

/** VMs that move as one, since a rule keeps them together. */
interface Unit {
  readonly vms: readonly ModelVm[]
  readonly memoryKiB: number
  readonly cpu: number
  readonly rank: number
  host: string | null
}

/** Improvements that local search may make for each unit. */
const stepsPerUnit = 20

/**
 * Finds a host for each of the VMs that move: best-fit-decreasing (Coffman, Garey and Johnson's survey of bin packing, 1996), then one unit is moved out of the way
 * where another found no room, then local search that lowers the fullest hosts by moves and swaps. VMs that do not move are never touched. No host is filled
 * beyond its capacity and no rule is broken, at any moment of carrying it out: room that a VM leaves behind is not given to another. `wishes`: hosts that are set
 * already, by uuid; they are kept, or found impossible. Answers one entry for each of `moving`, and what is where afterwards.
 */
export function place(model: Model, moving: readonly ModelVm[], wishes: ReadonlyMap<string, Wish> = new Map()): { placed: Placed[]; after: Occupancy } {
  const occupancy = new Occupancy(model)
  const impossible = new Map<string, string>()
  const free: Unit[] = []
  const fixed: Unit[] = []
  for (const unit of unitsOf(model, moving)) {
    const hosts = new Set(unit.vms.flatMap(({ uuid }) => wishes.get(uuid)?.host ?? []))
    if (hosts.size === 0) free.push(unit)
    else if (hosts.size === 1) fixed.push({ ...unit, host: [...hosts][0]! })
    else for (const vm of unit.vms) impossible.set(vm.uuid, `A rule keeps ${listed(unit.vms)} together, but they are to go to different hosts.`)
  }
  for (const unit of fixed.sort(inOrder)) {
    const reason = occupancy.whyNot(unit.vms, unit.host!)
    if (reason === null) put(occupancy, unit, unit.host!)
    else for (const vm of unit.vms) impossible.set(vm.uuid, reason)
  }
  for (const unit of free.sort(inOrder)) {
    const host = bestFit(occupancy, unit)
    if (host !== null) put(occupancy, unit, host)
  }
  makeRoom(occupancy, free)
  improve(occupancy, free.filter(({ host }) => host !== null))
  const unitOf = new Map([...fixed, ...free].flatMap((unit) => unit.vms.map((vm) => [vm.uuid, unit] as const)))
  const placed = moving.map((vm): Placed => {
    const unit = unitOf.get(vm.uuid)
    const reason = impossible.get(vm.uuid)
    if (reason !== undefined || !unit) return { vm, destination: wishes.get(vm.uuid)?.host ?? unit?.host ?? null, why: reason ?? 'It is planned twice.', isPossible: false }
    if (unit.host === null) return { vm, destination: null, why: whyNowhere(occupancy, unit), isPossible: true }
    return { vm, destination: unit.host, why: wishes.get(vm.uuid)?.why ?? whyThere(model, occupancy, unit, vm), isPossible: true }
  })
  for (const { vm, destination, isPossible } of placed) if (destination !== null && isPossible) occupancy.take(vm, vm.host)
  return { placed, after: occupancy }
}

function inOrder(a: Unit, b: Unit): number {
  return a.rank - b.rank || b.memoryKiB - a.memoryKiB || b.cpu - a.cpu || a.vms[0]!.name.localeCompare(b.vms[0]!.name)
}

function unitsOf(model: Model, moving: readonly ModelVm[]): Unit[] {
  const byUuid = new Map(moving.map((vm) => [vm.uuid, vm]))
  const seen = new Set<string>()
  return moving.flatMap((first) => {
    if (seen.has(first.uuid)) return []
    const vms: ModelVm[] = []
    const open = [first.uuid]
    for (let uuid = open.pop(); uuid !== undefined; uuid = open.pop()) {
      const vm = byUuid.get(uuid)
      if (!vm || seen.has(uuid)) continue
      seen.add(uuid)
      vms.push(vm)
      for (const { members } of model.rules.together(uuid)) open.push(...members)
    }
    const active = vms.filter(({ isActive }) => isActive)
    return [
      {
        vms,
        memoryKiB: active.reduce((sum, vm) => sum + vm.memoryKiB, 0),
        cpu: active.reduce((sum, vm) => sum + vm.cpu, 0),
        rank: Math.min(...vms.map(({ priority }) => rankOf(priority))),
        host: null,
      },
    ]
  })
}

function put(occupancy: Occupancy, unit: Unit, host: string): void {
  for (const vm of unit.vms) occupancy.put(vm, host)
  unit.host = host
}

function take(occupancy: Occupancy, unit: Unit): void {
  for (const vm of unit.vms) occupancy.take(vm, unit.host!)
  unit.host = null
}

function shareWith({ host, memoryKiB, cpu }: Bin, unit: Unit): number {
  return Math.max((memoryKiB + unit.memoryKiB) / Math.max(1, host.memoryKiB), (cpu + unit.cpu) / Math.max(1, host.cpus))
}

/** The host with the least room left after it; one that would be crowded only where there is no other. */
function bestFit(occupancy: Occupancy, unit: Unit, except: string | null = null): string | null {
  let best: { host: string; isCrowded: boolean; left: number } | null = null
  for (const bin of occupancy.bins.values()) {
    if (bin.host.id === except || occupancy.whyNot(unit.vms, bin.host.id) !== null) continue
    const isCrowded = shareWith(bin, unit) > crowded
    const left = bin.host.capacityKiB - bin.memoryKiB - unit.memoryKiB
    const isBetter = !best || Number(isCrowded) < Number(best.isCrowded) || (isCrowded === best.isCrowded && (isCrowded ? left > best.left : left < best.left))
    if (isBetter) best = { host: bin.host.id, isCrowded, left }
  }
  return best?.host ?? null
}

/** Units without a host: another unit that was placed goes elsewhere, where that makes room. */
function makeRoom(occupancy: Occupancy, units: readonly Unit[]): void {
  for (const homeless of units.filter(({ host }) => host === null)) {
    for (const other of units) {
      const from = other.host
      if (from === null || other === homeless) continue
      take(occupancy, other)
      if (occupancy.whyNot(homeless.vms, from) === null) {
        put(occupancy, homeless, from)
        const elsewhere = bestFit(occupancy, other)
        if (elsewhere !== null) {
          put(occupancy, other, elsewhere)
          break
        }
        take(occupancy, homeless)
      }
      put(occupancy, other, from)
    }
  }
}

/** Hill climbing: the first move of a unit, or swap of two, that lowers the cost is made, as long as there is one. */
function improve(occupancy: Occupancy, units: readonly Unit[]): void {
  let left = units.length * stepsPerUnit
  for (let isBetter = true; isBetter && left > 0; ) {
    isBetter = false
    for (const unit of units) {
      if (left <= 0) return
      if (relocate(occupancy, unit) || swap(occupancy, unit, units)) {
        isBetter = true
        left--
      }
    }
  }
}

/** A gain that is no rounding error, as a share of the cost that it is a part of: that of a host that is hardly used is very small in itself. */
const least = 1e-9

function relocate(occupancy: Occupancy, unit: Unit): boolean {
  const from = unit.host!
  const before = occupancy.bins.get(from)!
  const { memoryKiB, cpu } = unit
  const relief = occupancy.cost(before) - occupancy.cost(before, -memoryKiB, -cpu)
  const gains = [...occupancy.bins.values()].flatMap((bin) => {
    const gain = bin === before || bin.host.excluded !== null ? 0 : relief + occupancy.cost(bin) - occupancy.cost(bin, memoryKiB, cpu)
    return gain > least * relief ? [{ bin, gain }] : []
  })
  if (gains.length === 0) return false
  take(occupancy, unit)
  for (const { bin } of gains.sort((a, b) => b.gain - a.gain)) {
    if (occupancy.whyNot(unit.vms, bin.host.id) !== null) continue
    put(occupancy, unit, bin.host.id)
    return true
  }
  put(occupancy, unit, from)
  return false
}

function swap(occupancy: Occupancy, unit: Unit, units: readonly Unit[]): boolean {
  for (const other of units) {
    const [here, there] = [unit.host!, other.host!]
    if (here === there) continue
    const [from, to] = [occupancy.bins.get(here)!, occupancy.bins.get(there)!]
    const [memoryKiB, cpu] = [other.memoryKiB - unit.memoryKiB, other.cpu - unit.cpu]
    const before = occupancy.cost(from) + occupancy.cost(to)
    if (before - occupancy.cost(from, memoryKiB, cpu) - occupancy.cost(to, -memoryKiB, -cpu) <= least * before) continue
    take(occupancy, unit)
    take(occupancy, other)
    if (occupancy.whyNot(unit.vms, there) === null) {
      put(occupancy, unit, there)
      if (occupancy.whyNot(other.vms, here) === null) {
        put(occupancy, other, here)
        return true
      }
      take(occupancy, unit)
    }
    put(occupancy, unit, here)
    put(occupancy, other, there)
  }
  return false
}

function whyThere(model: Model, occupancy: Occupancy, unit: Unit, vm: ModelVm): string {
  const { host, memoryKiB } = occupancy.bins.get(unit.host!)!
  const rules = model.rules
  const tag = rules.tags(vm.uuid)[0]
  if (tag) return `${host.name} carries the tag ${tag.tag} (rule “${tag.rule}”).`
  const group = rules.together(vm.uuid)[0]
  if (group) return `The VMs of rule “${group.name}” stay together on ${host.name}.`
  const apart = rules.apart(vm.uuid)[0]
  if (apart) return `On ${host.name} it is apart from the others of rule “${apart.name}”.`
  if (!vm.isActive) return `${host.name} is as good as any: it is off and takes no memory.`
  return `${gib(host.capacityKiB - memoryKiB)} GiB stay free for VMs on ${host.name}, ${Math.round((memoryKiB / Math.max(1, host.memoryKiB)) * 100)} % of its memory is taken then.`
}

function whyNowhere(occupancy: Occupancy, unit: Unit): string {
  const reasons = [...occupancy.bins.values()].filter(({ host }) => host.excluded === null && unit.vms.every((vm) => vm.host !== host.id)).map(({ host }) => occupancy.whyNot(unit.vms, host.id))
  if (reasons.length === 0) return 'No other host takes VMs now.'
  const said = [...new Set(reasons.filter((reason) => reason !== null))]
  return `No host can take it. ${said.slice(0, 3).join(' ')}`
}

function listed(vms: readonly ModelVm[]): string {
  const names = vms.map(({ name }) => name)
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
}
