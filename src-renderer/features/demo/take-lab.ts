import { notify } from '../../ui/notice.ts'
import { saveFile } from '../../ui/save-file.ts'
import { useHostStore } from '../host/host-store.ts'
import { useVmStore } from '../vm/vm-store.ts'
import { labOfInventory } from './lab-of-inventory.ts'

/** Makes what saves the present hosts and VMs as a file of a demo lab. Call in setup. */
export function useTakeLab(): (isAnonymous: boolean) => void {
  const hosts = useHostStore()
  const vms = useVmStore()
  return (isAnonymous) => {
    const lab = labOfInventory({
      hosts: hosts.sorted,
      vms: [...vms.vms.values()],
      figures({ n, vcpus }) {
        const sample = vms.samples.at(n)
        return sample && { cpuPercent: sample.cpu / 100 / Math.max(1, vcpus), networkBps: sample.rx + sample.tx, diskBps: sample.read + sample.write }
      },
      isAnonymous,
    })
    saveFile('my-lab.json', `${JSON.stringify(lab, null, 2)}\n`, 'application/json')
    notify({ tone: 'success', title: 'Your lab is in my-lab.json.', problem: { message: 'Sizes, models, versions, loads and states; no address, UUID, title, tag or definition.', next: 'Open it from “Open a demo lab”, here or anywhere.' }, lastsMs: 8000 })
  }
}
