import { compareVersions } from '../../../libvirt/xml/machine-type.ts'
import type { Check } from './check.ts'
import { about } from './finding.ts'

const { warning, note } = about('versions')

/** Moves to older software often work, but neither QEMU nor libvirt promises it. */
export const versions: Check = {
  subject: 'versions',
  run({ domain, source, destination }) {
    if (!domain.isActive) return []
    const [here, there] = [source, destination].map(({ facts }) => facts.session.facts) as [typeof source.facts.session.facts, typeof source.facts.session.facts]
    const qemu = compareVersions(numbers(there.hypervisorVersion), numbers(here.hypervisorVersion))
    const libvirt = compareVersions(numbers(there.libvirtVersion), numbers(here.libvirtVersion))
    const findings = []
    if (qemu < 0) {
      findings.push(
        warning('qemu-older', `${destination.name} has an older QEMU.`, {
          evidence: `${here.hypervisorVersion} on ${source.name}, ${there.hypervisorVersion} on ${destination.name}`,
          next: 'QEMU keeps an older machine type compatible in both directions, without promising it. If the move fails, the VM goes on running here.',
        }),
      )
    }
    if (libvirt < 0) {
      findings.push(
        note('libvirt-older', `${destination.name} has an older libvirt; settings that it does not know make it refuse the move.`, {
          evidence: `${here.libvirtVersion} on ${source.name}, ${there.libvirtVersion} on ${destination.name}`,
        }),
      )
    }
    return findings
  },
}

function numbers(version: string): number[] {
  return version.split('.').map((part) => Number.parseInt(part, 10) || 0)
}
