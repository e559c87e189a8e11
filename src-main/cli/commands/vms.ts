import type { VmView } from '../../contract/vm.ts'
import { readCluster } from '../cluster-view.ts'
import type { Command } from '../command.ts'
import { kib } from '../figures.ts'
import { table } from '../table.ts'

/** `drover vms`: of all hosts, or of one. */
export async function listVms({ session, terminal, signal }: Command, options: { host?: string }): Promise<void> {
  const view = await readCluster(session, terminal, signal)
  const only = options.host === undefined ? null : view.host(options.host).record.id
  const nameOf = (vm: VmView) => view.hosts.get(vm.ref.host)?.name ?? vm.ref.host
  const rows = [...view.vms.values()].filter(({ ref }) => only === null || ref.host === only).sort((a, b) => nameOf(a).localeCompare(nameOf(b)) || a.name.localeCompare(b.name))
  const text = table<VmView>(
    [
      { head: 'VM', text: ({ name }) => name },
      { head: 'HOST', text: nameOf },
      { head: 'STATE', text: ({ state }) => state },
      { head: 'VCPUS', isFigure: true, text: ({ vcpus }) => String(vcpus) },
      { head: 'CPU', isFigure: true, text: (vm) => `${Math.round((view.vmLoad(vm)?.cpu ?? 0) / 100)} %` },
      { head: 'MEMORY', isFigure: true, text: ({ memoryKiB }) => kib(memoryKiB) },
      { head: 'TAGS', text: ({ tags }) => tags.join(' ') },
    ],
    rows,
  )
  terminal.result(
    rows.length === 0 ? 'No VMs.' : text,
    rows.map((vm) => ({ uuid: vm.ref.uuid, name: vm.name, host: nameOf(vm), state: vm.state, vcpus: vm.vcpus, memoryKiB: vm.memoryKiB, tags: vm.tags, job: vm.job })),
  )
}
