import type { Sharing } from '../../../contract/migration.ts'
import type { VmRef } from '../../../contract/vm.ts'
import type { AgentLink } from '../../host/agent/agent-link.ts'
import { problemOf } from '../../settings/problem.ts'
import type { Inventory } from '../../vm/inventory.ts'
import { isActive } from '../../vm/state.ts'

/** VMs that an agent looks at in one go. */
const most = 64

/** Asks the agents of the hosts that the running VMs are on. Rejects only with the signal's reason. */
export function sharingOf(refs: readonly VmRef[], parts: { readonly inventory: Pick<Inventory, 'vm'>; readonly agents: { link(host: string): Pick<AgentLink, 'samplePages'> } }, signal: AbortSignal): Promise<Sharing[]> {
  const byHost = new Map<string, { name: string; uuid: string; memoryKiB: number }[]>()
  for (const ref of refs) {
    const vm = parts.inventory.vm(ref)
    if (!vm || !isActive(vm.state)) continue
    byHost.set(ref.host, [...(byHost.get(ref.host) ?? []), { name: vm.name, uuid: ref.uuid, memoryKiB: vm.memoryKiB }])
  }
  return Promise.all(
    [...byHost].map(async ([host, vms]): Promise<Sharing> => {
      try {
        const { sampled, zero, inVm, acrossVms } = await parts.agents.link(host).samplePages(vms.slice(0, most), signal)
        return { kind: 'estimated', host, vms: vms.length, memoryKiB: vms.reduce((sum, { memoryKiB }) => sum + memoryKiB, 0), sampled, zero, inVm, acrossVms }
      } catch (thrown) {
        signal.throwIfAborted()
        return { kind: 'unknown', host, problem: problemOf(thrown) }
      }
    }),
  )
}
