import { findMachine } from '../../../libvirt/xml/capabilities/machine-support.ts'
import { compareMachineTypes } from '../../../libvirt/xml/machine-type.ts'
import type { Check, PreflightContext } from './check.ts'
import { about } from './finding.ts'

const { error } = about('machine')

/** A VM keeps its machine type for life: the destination must have that very one. */
export const machine: Check = {
  subject: 'machine',
  run({ domain, destination }) {
    const { live } = domain
    const { capabilities } = destination.facts.session
    const architecture = live.boot.architecture ?? ''
    const guests = capabilities.guests.filter((guest) => guest.architecture === architecture)
    if (guests.length === 0) return [error('arch-missing', `${destination.name} runs no ${architecture} guests.`)]
    if (!guests.some(({ domainTypes }) => domainTypes.some(({ type }) => type === live.type))) {
      const next = live.type === 'kvm' ? `Switch virtualisation on in the firmware of ${destination.name}, and load the kvm module.` : ''
      return [error('virtualisation-missing', `${destination.name} has no ${live.type} for ${architecture} guests.`, { next })]
    }
    const name = live.boot.machine?.name
    if (!name || findMachine(capabilities, { architecture, domainType: live.type, machine: name })) return []
    return [
      error('machine-missing', `${destination.name} does not have the machine type ${name}.`, {
        evidence: newest(name, guests),
        next: `Update QEMU on ${destination.name}, or give the VM an older machine type while it is off.`,
      }),
    ]
  },
}

function newest(name: string, guests: PreflightContext['destination']['facts']['session']['capabilities']['guests']): string | undefined {
  const family = name.replace(/-[\d.]+$/, '')
  const machines = guests
    .flatMap((guest) => guest.machines.map((each) => each.machine))
    .filter((each) => each.name.startsWith(family) && each.version.length > 0)
    .sort((a, b) => compareMachineTypes(b, a) ?? 0)
  return machines[0] ? `the newest of its kind there is ${machines[0].name}` : undefined
}
