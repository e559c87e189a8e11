import type { MoveSpec } from '../../../agent/protocol/move-spec.ts'
import { withMigrationAdjustments } from '../../../libvirt/xml/domain/migration-adjustments.ts'
import { parallelConnectionsOf, planFlags } from '../plan/plan-flags.ts'
import { uriOf } from '../plan/migrate-uri.ts'
import { readMigratableXml } from '../vm/read-vm.ts'
import type { Assembled } from './engine.ts'

/** What a technique is to the conductor: the agents' part in it is told beside. */
const agentTechnique = { precopy: 'precopy', postcopy: 'postcopy', hybrid: 'hybrid', offline: 'offline', gang: 'precopy', scatter: 'postcopy' } as const

/** The plan as the conductor takes it. Asks the source for its XML where that must be adjusted. */
export async function moveSpecOf(move: Assembled, job: string): Promise<MoveSpec> {
  const { plan, domain, route, destination } = move
  const { options } = plan
  const isOffline = options.technique === 'offline'
  const copies = !isOffline && options.storage !== 'none'
  const { destinationXml, persistentXml } = await adjustedXml(move)
  return {
    job,
    vm: { name: domain.name, uuid: domain.uuid },
    hosts: { source: move.source.name, destination: destination.name },
    technique: agentTechnique[options.technique],
    switchPolicy: options.hybridSwitch,
    flags: planFlags(options, domain),
    destinationName: domain.name,
    destinationXml,
    persistentXml,
    migrateUri: route ? uriOf(route.address) : null,
    listenAddress: isOffline ? null : move.listenAddress,
    disksUri: null,
    disksPort: null,
    disks: copies ? move.disks.map(({ target }) => target) : null,
    graphicsUri: null,
    compression: isOffline || options.compression === 'none' ? [] : [options.compression],
    parallelConnections: isOffline ? null : parallelConnectionsOf(options),
    autoConverge: null,
    tlsDestination: options.tls && !isOffline ? destination.facts.session.facts.hostname : null,
    limits: { bandwidthMiBps: options.bandwidthMiBps, postcopyBandwidthMiBps: options.bandwidthMiBps, downtimeMs: options.downtimeMs },
  }
}

/** Without adjustments libvirt's own definitions go over, untouched by us. */
async function adjustedXml({ plan, domain, source, signal }: Assembled): Promise<Pick<MoveSpec, 'destinationXml' | 'persistentXml'>> {
  const { eject, technique } = plan.options
  if (eject.length === 0) return { destinationXml: null, persistentXml: null }
  const { connection } = source.facts.session
  const ejected = (xml: string, targets: readonly string[]) => withMigrationAdjustments(xml, { ejected: targets })
  if (technique === 'offline') return { destinationXml: ejected(await readMigratableXml(connection, domain.ref, 'inactive', signal), eject), persistentXml: null }
  const live = ejected(await readMigratableXml(connection, domain.ref, 'live', signal), eject)
  if (!domain.inactive) return { destinationXml: live, persistentXml: null }
  // A drive may be gone from the definition already.
  const kept = new Set(domain.inactive.devices.disks.map(({ target }) => target))
  const definition = await readMigratableXml(connection, domain.ref, 'inactive', signal)
  return { destinationXml: live, persistentXml: ejected(definition, eject.filter((target) => kept.has(target))) }
}
