import { compareVersions } from '../../../libvirt/xml/machine-type.ts'
import { switchesEarly } from '../plan/relayed.ts'
import type { Check } from './check.ts'
import { about } from './finding.ts'

const { warning } = about('post-copy')

/**
 * Whether a post-copy that loses its network can be taken up again (VIR_MIGRATE_POSTCOPY_RESUME, libvirt 8.5). The daemon of 11.2 and 11.3 crashes when it is
 * asked to (seen with Debian 13's 11.3), so Drover does not ask it.
 */
export const recovery: Check = {
  subject: 'post-copy',
  run({ domain, source, destination, plan }) {
    const { technique } = plan.options
    if (!domain.isActive || !switchesEarly(technique)) return []
    for (const { name, facts } of [source, destination]) {
      const { libvirtVersion } = facts.session.facts
      const version = libvirtVersion.split('.').map(Number)
      const isTooOld = compareVersions(version, [8, 5]) < 0
      const crashes = compareVersions(version, [11, 2]) >= 0 && compareVersions(version, [11, 4]) < 0
      if (!isTooOld && !crashes) continue
      return [
        warning('postcopy-no-recovery', `If the network between the hosts breaks after the switch, this move cannot be recovered, and the VM is lost.`, {
          evidence: `${name} has libvirt ${libvirtVersion}, which ${isTooOld ? 'cannot resume a post-copy' : 'crashes when it resumes a post-copy'}`,
          next: 'Pre-copy has no such risk.',
          fix: { kind: 'option', label: 'Use pre-copy', options: { technique: 'precopy' } },
        }),
      ]
    }
    return []
  },
}
