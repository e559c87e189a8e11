import type { MachineType } from '../machine-type.ts'
import type { Capabilities } from './host.ts'

/** How a host can run a machine type: by that very name, or not at all. An alias answers with the machine that it stands for there. */
export function findMachine(
  capabilities: Capabilities,
  guest: { readonly architecture: string; readonly domainType: string; readonly machine: string },
): MachineType | undefined {
  for (const support of capabilities.guests.filter((each) => each.architecture === guest.architecture)) {
    const domain = support.domainTypes.find((each) => each.type === guest.domainType)
    if (!domain) continue
    const machines = domain.machines.length > 0 ? domain.machines : support.machines
    const found = machines.find((each) => each.machine.name === guest.machine)
    if (found) return found.canonical ?? found.machine
    const canonical = machines.find((each) => each.canonical?.name === guest.machine)
    if (canonical) return canonical.canonical
  }
  return undefined
}
