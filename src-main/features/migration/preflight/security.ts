import type { Check } from './check.ts'
import { about } from './finding.ts'

const { error, warning } = about('security')

/** A label of a security model that the destination lacks cannot be applied there. */
export const security: Check = {
  subject: 'security',
  run({ domain, source, destination }) {
    const [here, there] = [source, destination].map(({ facts }) => facts.session.capabilities.host.securityModels.flatMap(({ model }) => model ?? []).filter((model) => model !== 'none'))
    const missing = domain.live.securityLabels.flatMap(({ model, type }) => (type === 'static' && model && !there?.includes(model) ? [model] : []))
    if (missing.length > 0) {
      return [error('security-model', `${domain.name} has a fixed ${missing[0]} label, and ${destination.name} does not use ${missing[0]}.`, { evidence: `there: ${there?.join(', ') || 'none'}` })]
    }
    const lost = here?.filter((model) => !there?.includes(model)) ?? []
    if (lost.length > 0) return [warning('security-model-lost', `${source.name} confines its VMs with ${lost.join(' and ')}, ${destination.name} does not.`)]
    return []
  },
}
