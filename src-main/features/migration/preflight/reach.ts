import { isIP } from 'node:net'
import type { Finding, Fix } from '../../../contract/migration.ts'
import { isRelayed } from '../plan/relayed.ts'
import type { Check, PreflightContext } from './check.ts'
import { about } from './finding.ts'

const { error, warning, note } = about('route')

/** Whether the source gets through to the destination where QEMU will listen. */
export const reach: Check = {
  subject: 'route',
  async run(context) {
    const { route, destination, source, domain, plan } = context
    if (!domain.isActive) return []
    if (!route) return [error('route-none', `No address of ${destination.name} was found that ${source.name} could send memory to.`, { next: `Set a migration address for ${destination.name}.` })]
    const tried = `${route.address} (${route.origin})`
    const fix = otherAddress(context)
    switch (route.probe) {
      case 'unresolved':
        return [error('route-unresolved', `${source.name} cannot resolve the name of ${destination.name}.`, { evidence: tried, next: 'Add it to DNS or /etc/hosts, or set a migration address.', ...(fix ? { fix } : {}) })]
      case 'filtered':
        // The agents dial each other; QEMU only its own agent.
        if (isRelayed(plan.options.technique)) return []
        return [error('route-filtered', `${source.name} gets no answer from ${destination.name} on the ports of migrations.`, { evidence: tried, next: `Open TCP ports 49152 to 49215 on ${destination.name}, or use another network.`, ...(fix ? { fix } : {}) })]
      case 'not-probed':
        return [note('route-not-probed', `Whether ${source.name} reaches ${route.address} could not be tried.`)]
      default:
        return [...localName(context), ...agentsApart(context), ...(await pathMtu(context))]
    }
  },
}

function otherAddress({ destination, route }: PreflightContext): Fix | null {
  const other = destination.facts.session.facts.migrationAddresses.find((address) => address !== route?.address)
  return other ? { kind: 'action', label: `Use ${other}`, action: 'set-migration-address', argument: other } : null
}

function localName({ route, source }: PreflightContext): Finding[] {
  if (!route || !/^(localhost|127\.|::1)/.test(route.address)) return []
  return [error('route-loopback', `The address of the destination means ${source.name} itself.`, { evidence: route.address, next: 'Set a migration address for it.' })]
}

/** Only where an agent was asked for: else the app drives by itself, and says so. */
function agentsApart({ driver, agentProbe, source, destination, plan }: PreflightContext): Finding[] {
  if (driver !== 'agent' || agentProbe !== 'filtered' || isRelayed(plan.options.technique)) return []
  return [
    error('agent-filtered', `The agent on ${source.name} gets no answer from ${destination.name} on the ports of agents.`, {
      next: `Open Drover's range of ports on ${destination.name} (it is in the settings), or let this computer drive the move.`,
      fix: { kind: 'option', label: 'Drive from this computer', options: { driver: 'app' } },
    }),
  ]
}

/** Large packets that vanish on the way make a move hang after its first bytes: where the first link takes jumbo frames, one is tried. */
async function pathMtu({ route, source }: PreflightContext): Promise<Finding[]> {
  if (!route?.via || isIP(route.address) !== 4) return []
  const link = (await source.facts.interfaces())?.find(({ name }) => name === route.via)
  if (!link?.mtu || link.mtu <= 1500) return []
  // 28 bytes of IP and ICMP header.
  const sent = await source.facts.exec(['ping', '-c', '1', '-W', '1', '-M', 'do', '-s', String(link.mtu - 28), route.address])
  const small = sent && sent.code !== 0 ? await source.facts.exec(['ping', '-c', '1', '-W', '1', route.address]) : null
  if (small?.code !== 0) return []
  return [warning('route-mtu', `Packets of ${link.mtu} bytes do not get from ${source.name} to ${route.address}, small ones do.`, { evidence: `MTU of ${link.name}: ${link.mtu}`, next: 'Set the same MTU on every device along the way; the move may hang otherwise.' })]
}
