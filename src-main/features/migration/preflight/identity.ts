import type { Check } from './check.ts'
import { about } from './finding.ts'

const { error, note } = about('identity')

/** The name and the UUID must be free at the destination, or belong to an inactive definition of this very VM. */
export const identity: Check = {
  subject: 'identity',
  async run({ domain, destination }) {
    const domains = await destination.facts.domains()
    const twin = domains.find(({ uuid }) => uuid === domain.uuid)
    const namesake = domains.find(({ name, uuid }) => name === domain.name && uuid !== domain.uuid)
    if (namesake) {
      return [error('name-taken', `${destination.name} has another VM named ${domain.name}.`, { evidence: `UUID ${namesake.uuid}`, next: 'Rename one of them while it is off (virsh domrename).' })]
    }
    if (twin?.isActive) {
      return [error('uuid-running', `${destination.name} already runs a VM with this UUID.`, { evidence: `${twin.name}, ${twin.uuid}`, next: 'Find out which of the two is the real one before you touch either.' })]
    }
    if (twin && twin.name !== domain.name) {
      return [error('uuid-taken', `${destination.name} has a VM with the same UUID under another name.`, { evidence: `${twin.name}, ${twin.uuid}` })]
    }
    if (twin) return [note('definition-there', `${destination.name} has a definition of ${domain.name} already; it will be replaced by the one that moves.`)]
    return []
  },
}
