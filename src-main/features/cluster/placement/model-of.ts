import type { HostView } from '../../../contract/host.ts'
import type { PlacementRule } from '../../../contract/plan.ts'
import type { VmState, VmView } from '../../../contract/vm.ts'
import type { Inventory } from '../../vm/inventory.ts'
import type { Model, ModelHost, ModelVm } from './model.ts'
import { priorityOf, ruleBookOf } from './rule-book.ts'

export type Seen = Pick<Inventory, 'host' | 'hosts' | 'vm' | 'vms' | 'hostRow'>

/** Share of a host's memory that is never given to VMs: the host itself lives on it. */
const ownShare = 0.04
const powerless: ReadonlySet<VmState> = new Set(['off', 'saved'])

export interface ModelOptions {
  readonly rules: readonly PlacementRule[]
  /** Hosts that take nothing in this plan, with the reason. */
  readonly closed?: ReadonlyMap<string, string>
  /** A host that may take VMs although it is in maintenance: they are being brought back to it. */
  readonly opened?: string
  readonly refused?: Model['refused']
  /** Cores that a VM keeps busy; null where that is not known. */
  readonly busyCores: (vm: VmView) => number | null
}

/** The cluster as it is now, for placement. */
export function modelOf(seen: Seen, { rules, closed, opened, refused, busyCores }: ModelOptions): Model {
  const views = [...seen.vms()]
  const running = new Map<string, number>()
  for (const { ref, state, memoryKiB } of views) if (!powerless.has(state)) running.set(ref.host, (running.get(ref.host) ?? 0) + memoryKiB)
  return {
    hosts: [...seen.hosts()].map((view) => hostOf(view, { used: seen.hostRow(view.n)?.memory ?? null, running: running.get(view.record.id) ?? 0, excluded: closed?.get(view.record.id) ?? whyClosed(view, opened) })),
    vms: views.map((view) => vmOf(view, rules, busyCores(view))),
    rules: ruleBookOf(
      rules,
      views.map(({ ref: { uuid }, tags }) => ({ uuid, tags: new Set(tags) })),
    ),
    ...(refused ? { refused } : {}),
  }
}

function hostOf({ record, name, facts }: HostView, { used, running, excluded }: { used: number | null; running: number; excluded: string | null }): ModelHost {
  const memoryKiB = facts?.memoryKiB ?? 0
  // What is in use beyond the memory of its VMs is the host's own, as well as a share of it that may not be in use just now.
  const own = Math.max(memoryKiB * ownShare, used === null ? 0 : used - running)
  return {
    id: record.id,
    name,
    memoryKiB,
    capacityKiB: Math.max(0, Math.floor(memoryKiB - own)),
    cpus: facts?.cpus ?? 0,
    tags: new Set(record.tags),
    kind: facts ? `${facts.arch} with ${facts.hypervisor}` : 'unknown',
    excluded,
    isInMaintenance: record.maintenance !== null,
  }
}

function whyClosed({ record, name, connection, facts }: HostView, opened: string | undefined): string | null {
  if (connection.state !== 'online' || !facts) return `${name} is not connected.`
  if (!connection.isWritable) return `${name} can only be looked at.`
  if (record.maintenance && record.id !== opened) return `${name} is in maintenance${record.maintenance.reason === '' ? '' : ` (${record.maintenance.reason})`}.`
  return null
}

function vmOf(view: VmView, rules: readonly PlacementRule[], busy: number | null): ModelVm {
  const { ref, name, state, memoryKiB, vcpus } = view
  const tags = new Set(view.tags)
  const isActive = !powerless.has(state)
  return { uuid: ref.uuid, ref, name, host: ref.host, state, isActive, memoryKiB, vcpus, cpu: isActive ? (busy ?? 0) : 0, tags, priority: priorityOf(rules, { uuid: ref.uuid, tags }) }
}
