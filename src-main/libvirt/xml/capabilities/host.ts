import { parseRoot } from '../document.ts'
import { childNamed } from '../edit.ts'
import { has, many, one, or, shape, text, word, type Read, type Reader } from '../read.ts'
import { readGuestSupport } from './guest.ts'
import { readHostCell, readHostCpu } from './host-cpu.ts'

const readSecurityModel = shape({
  /** `selinux`, `apparmor`, `dac`, `none`. */
  model: or(text('model'), ''),
  /** Domain of interpretation. */
  doi: or(text('doi'), ''),
  baseLabels: many('baselabel', shape({ type: or(text('@type'), ''), label: or(text('.'), '') })),
})
export type SecurityModel = Read<typeof readSecurityModel>

const readHost = shape({
  uuid: or(text('uuid'), ''),
  cpu: one('cpu', readHostCpu),
  canMigrateLive: has('migration_features/live'),
  /** `tcp`, `rdma`. */
  migrationTransports: many('migration_features/uri_transports/uri_transport', text('.')),
  cells: many('topology/cells/cell', readHostCell),
  securityModels: many('secmodel', readSecurityModel),
  hasIommu: (host) => readIommu(host) === 'yes',
} satisfies Record<string, Reader<unknown>>)
export type HostCapabilities = Read<typeof readHost>

const readIommu = word('iommu/@support', ['yes', 'no'])

/** What ConnectGetCapabilities answers. https://libvirt.org/formatcaps.html */
export interface Capabilities {
  readonly host: HostCapabilities
  readonly guests: Read<typeof readGuests>
}

const readGuests = many('guest', readGuestSupport)

/** @throws Failure `xml-invalid` */
export function readCapabilities(xml: string): Capabilities {
  const root = parseRoot(xml, 'capabilities')
  return { host: readHost(childNamed(root, 'host') ?? root), guests: readGuests(root) }
}
