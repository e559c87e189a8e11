import type { VmView } from '../../../src-main/contract/vm.ts'
import { byName } from '../host/host-store.ts'
import { isLive, vmStateWord } from './vm-words.ts'

export type VmColumn = 'name' | 'state' | 'vcpus' | 'cpu' | 'used' | 'memory'

export interface VmOrder {
  readonly by: VmColumn
  readonly isDescending: boolean
}

type Figures = (n: number) => { readonly cpu: number; readonly memory: number } | null

/** VMs in an order that a column's head stands for; equals stand by name. Figures of VMs that are not running count as none. */
export function sortVms(vms: readonly VmView[], { by, isDescending }: VmOrder, figures: Figures): VmView[] {
  const figure = (vm: VmView) => (isLive(vm.state) ? figures(vm.n) : null)
  const value = (vm: VmView): number => {
    switch (by) {
      case 'vcpus':
        return vm.vcpus
      case 'memory':
        return vm.memoryKiB
      case 'cpu':
        return (figure(vm)?.cpu ?? -1) / vm.vcpus
      case 'used':
        return figure(vm)?.memory ?? -1
      default:
        return 0
    }
  }
  const text = (vm: VmView) => (by === 'state' ? vmStateWord(vm.state) : by === 'name' ? vm.name : '')
  const sign = isDescending ? -1 : 1
  return [...vms].sort((a, b) => sign * (value(a) - value(b) || byName(text(a), text(b))) || byName(a.name, b.name))
}
