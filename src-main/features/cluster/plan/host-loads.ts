import type { HostLoad, PlanHost, PlanRow } from '../../../contract/plan.ts'
import type { Model, ModelVm } from '../placement/model.ts'
import { crowded } from '../placement/occupancy.ts'

/** Every host before and after the rows that move. VMs that stay, for whatever reason, are counted where they are. */
export function hostLoads({ hosts, vms }: Model, rows: readonly PlanRow[]): PlanHost[] {
  const goesTo = new Map(rows.flatMap(({ vm, how, destination }) => (how !== 'stay' && destination !== null ? [[`${vm.host}/${vm.uuid}`, destination] as const] : [])))
  const before = new Map<string, HostLoad>()
  const after = new Map<string, HostLoad>()
  for (const vm of vms) {
    count(before, vm.host, vm)
    count(after, goesTo.get(`${vm.host}/${vm.uuid}`) ?? vm.host, vm)
  }
  return hosts.map(({ id, name, memoryKiB, capacityKiB, cpus, excluded }) => {
    const then = after.get(id) ?? none()
    return {
      host: id,
      name,
      memoryKiB,
      cpus,
      before: before.get(id) ?? none(),
      after: then,
      headroomKiB: Math.max(0, capacityKiB - then.memoryKiB),
      isOver90: isCrowded(then, memoryKiB, cpus),
      excluded,
    }
  })
}

function isCrowded({ memoryKiB, cpu }: HostLoad, memory: number, cpus: number): boolean {
  return (memory > 0 && memoryKiB / memory > crowded) || (cpus > 0 && cpu / cpus > crowded)
}

function count(loads: Map<string, HostLoad>, host: string, vm: ModelVm): void {
  const load = loads.get(host) ?? none()
  loads.set(host, load)
  load.vms++
  if (!vm.isActive) return
  load.memoryKiB += vm.memoryKiB
  load.vcpus += vm.vcpus
  load.cpu += vm.cpu
}

function none(): HostLoad {
  return { memoryKiB: 0, vcpus: 0, cpu: 0, vms: 0 }
}
