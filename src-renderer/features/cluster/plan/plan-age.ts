import type { HostView } from '../../../../src-main/contract/host.ts'
import type { Plan } from '../../../../src-main/contract/plan.ts'
import { vmKey, type VmRef, type VmState, type VmView } from '../../../../src-main/contract/vm.ts'
import { moves } from './plan-words.ts'

/** Something that is not any more as it was when the plan was made. */
export interface PlanChange {
  /** One sentence without its full stop. */
  readonly text: string
  /** The plan cannot be carried out as it stands: it is about one of its VMs or destinations. Else it only changes loads. */
  readonly isDecisive: boolean
}

interface SeenVm {
  readonly ref: VmRef
  readonly name: string
  readonly isActive: boolean
}

interface SeenHost {
  readonly name: string
  readonly isThere: boolean
  readonly isInMaintenance: boolean
}

/** What a plan was made from: every VM under `host/uuid`, every host by id. */
export interface Basis {
  readonly vms: ReadonlyMap<string, SeenVm>
  readonly hosts: ReadonlyMap<string, SeenHost>
}

/** As placement sees it: these take neither memory nor CPU. */
const isActive = (state: VmState) => state !== 'off' && state !== 'saved'

/** What is there now. A VM that is only arriving is not counted: it is still shown where it comes from. */
function seenIn(vms: Iterable<VmView>, hosts: Iterable<HostView>): { vms: Map<string, SeenVm>; hosts: Map<string, SeenHost> } {
  const seen = new Map<string, SeenVm>()
  for (const { ref, name, state } of vms) if (state !== 'incoming') seen.set(vmKey(ref), { ref, name, isActive: isActive(state) })
  return { vms: seen, hosts: new Map([...hosts].map(({ record, name, connection }) => [record.id, { name, isThere: connection.state === 'online', isInMaintenance: record.maintenance !== null }])) }
}

/** What a plan was made from, taken when its first frame arrives: what the window shows, corrected by what the plan itself says of its VMs. */
export function basisOf(plan: Plan, vms: Iterable<VmView>, hosts: Iterable<HostView>): Basis {
  const seen = seenIn(vms, hosts)
  for (const { vm, name, state } of plan.rows) seen.vms.set(vmKey(vm), { ref: vm, name, isActive: isActive(state) })
  return seen
}

/** What has changed since, in the order: hosts, then VMs. Empty while the plan is up to date. */
export function changesSince(basis: Basis, plan: Plan, vms: Iterable<VmView>, hosts: Iterable<HostView>): PlanChange[] {
  const now = seenIn(vms, hosts)
  const planned = new Set(plan.rows.map(({ vm }) => vmKey(vm)))
  const ends = new Set(plan.rows.filter(moves).flatMap(({ vm, destination }) => [vm.host, destination]))
  const { request } = plan
  const emptied = request.kind === 'evacuate' && request.vms === null ? request.host : null
  const nameOf = (host: string) => now.hosts.get(host)?.name ?? basis.hosts.get(host)?.name ?? host
  const changes: PlanChange[] = []

  for (const [id, before] of basis.hosts) {
    const after = now.hosts.get(id)
    const text = !after ? `${before.name} is no longer in Drover` : before.isThere && !after.isThere ? `${after.name} is not connected any more` : !before.isInMaintenance && after.isInMaintenance ? `${after.name} is in maintenance now` : null
    // The host that is being emptied may well enter maintenance.
    if (text !== null) changes.push({ text, isDecisive: ends.has(id) && !(after?.isThere && id === emptied) })
    else if (after && !before.isThere && after.isThere) changes.push({ text: `${after.name} is connected now`, isDecisive: false })
    else if (after && before.isInMaintenance && !after.isInMaintenance) changes.push({ text: `${after.name} has left maintenance`, isDecisive: false })
  }

  const appeared = new Map<string, SeenVm>()
  for (const [key, vm] of now.vms) if (!basis.vms.has(key)) appeared.set(vm.ref.uuid, vm)
  for (const [key, before] of basis.vms) {
    const after = now.vms.get(key)
    const { host, uuid } = before.ref
    if (after) {
      if (after.isActive !== before.isActive) changes.push({ text: `${after.name} ${after.isActive ? 'was started' : 'has stopped'} on ${nameOf(host)}`, isDecisive: planned.has(key) })
      continue
    }
    // A host that is gone took its VMs off the screen with it.
    if (!now.hosts.has(host)) continue
    const there = appeared.get(uuid)
    appeared.delete(uuid)
    changes.push({ text: there ? `${before.name} has moved from ${nameOf(host)} to ${nameOf(there.ref.host)}` : `${before.name} is no longer on ${nameOf(host)}`, isDecisive: planned.has(key) || (there !== undefined && there.ref.host === emptied) })
  }
  for (const { name, ref } of appeared.values()) changes.push({ text: `${name} is new on ${nameOf(ref.host)}`, isDecisive: ref.host === emptied })
  return changes
}
