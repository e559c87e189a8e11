import type { Check } from './check.ts'
import { about } from './finding.ts'

const { error } = about('cpu')

/** QEMU refuses to migrate an invariant TSC unless its frequency is fixed and the destination has or can scale to it (target/i386/kvm: invtsc). */
export const tsc: Check = {
  subject: 'cpu',
  run({ domain, source, destination }) {
    const { cpu, clock } = domain.live
    const isInvariant = cpu?.features.some(({ name, policy }) => name === 'invtsc' && policy !== 'disable' && policy !== 'forbid')
    if (!isInvariant || !domain.isActive) return []
    const frequency = clock?.timers.find(({ name }) => name === 'tsc')?.frequency
    if (frequency === undefined) {
      return [
        error('cpu-invtsc', `${domain.name} has an invariant TSC without a fixed frequency, which QEMU does not migrate.`, {
          next: 'Add <timer name="tsc" frequency="…"/> to its clock, or leave invtsc out, and start it anew.',
        }),
      ]
    }
    const there = destination.facts.session.capabilities.host.cpu?.tsc
    if (there?.canScale || there?.frequency === undefined || Math.abs(there.frequency - frequency) <= frequency * 250e-6) return []
    return [
      error('cpu-tsc-frequency', `The TSC of ${domain.name} ticks at another frequency than ${destination.name}’s, and that CPU cannot scale it.`, {
        evidence: `${frequency} Hz in the VM, ${there.frequency} Hz on ${destination.name}, from ${source.name}`,
      }),
    ]
  },
}
