import type { DepotUse } from '../../../src-main/contract/depot.ts'
import { formatBytes, formatCount, formatMbps } from '../../ui/format.ts'

/** `mbps`: null where it is not known. */
export function linkWord(mbps: number | null): string {
  return mbps === null ? 'link not known' : formatMbps(mbps)
}

export function spareWord({ spareMiB }: Pick<DepotUse, 'spareMiB'>): string {
  return spareMiB === null ? '' : formatBytes(spareMiB * 1024 ** 2)
}

/** What so many copies of each page mean, in plain words. `depots`: names of the hosts that hold them. `vms`: how many VMs, or the name of the only one. */
export function copiesConsequence(replicas: number, depots: readonly string[], vms: string | number): string {
  if (depots.length === 0) return 'No host is chosen to hold the pages.'
  const lost = typeof vms === 'string' ? vms : vms === 1 ? 'the VM' : 'the VMs whose pages it held'
  const one = depots.length === 1 ? `losing ${depots[0]}` : 'losing any one depot'
  if (replicas === 1) return `With one copy, ${one} before the end loses ${lost}.`
  if (depots.length < replicas) return `${formatCount(replicas, 'copy', 'copies')} take ${replicas} depots: two copies on one host are no safer than one.`
  return replicas === 2 ? `With two copies, any one depot may be lost; a second one may lose ${typeof vms === 'string' ? vms : vms === 1 ? 'the VM' : 'VMs'}.` : `With three copies, any two depots may be lost. The depots hold, and pass on, three times the memory.`
}
