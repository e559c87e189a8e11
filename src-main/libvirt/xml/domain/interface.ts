import type { Element } from '../document.ts'
import { childNamed } from '../edit.ts'
import { many, one, or, shape, text, whole, word, yes, type Read, type Reader } from '../read.ts'
import { readPciAddress, type PciAddress } from './address.ts'

/**
 * What a NIC is plugged into. A running domain shows the actual connection: a NIC of a network over a bridge reads as `bridge`
 * with `network` set.
 * https://libvirt.org/formatdomain.html#network-interfaces
 */
export type InterfaceSource =
  | { readonly kind: 'network'; readonly network: string; readonly portGroup: string | undefined; readonly bridge: string | undefined }
  | { readonly kind: 'bridge'; readonly bridge: string; readonly network: string | undefined; readonly portGroup: string | undefined }
  | { readonly kind: 'direct'; readonly device: string; readonly mode: string; readonly network: string | undefined }
  /** SR-IOV, handed through as a whole. */
  | {
      readonly kind: 'hostdev'
      readonly address: PciAddress | undefined
      readonly isManaged: boolean
      readonly network: string | undefined
    }
  | { readonly kind: 'vhost-user'; readonly path: string; readonly mode: string | undefined }
  | { readonly kind: 'vdpa'; readonly device: string }
  /** Unprivileged user-mode networking (SLIRP or passt): its connections do not survive a move. */
  | { readonly kind: 'user' }
  | { readonly kind: 'ethernet' }
  /** `mcast`, `server`, `client`, `udp`, `internal`, `vds`, `null`. */
  | { readonly kind: 'other'; readonly type: string }

export function readInterfaceSource(element: Element): InterfaceSource {
  const type = element.getAttribute('type') ?? ''
  const source = childNamed(element, 'source')
  const attribute = (name: string) => source?.getAttribute(name) ?? undefined
  switch (type) {
    case 'network':
      return { kind: 'network', network: attribute('network') ?? '', portGroup: attribute('portgroup'), bridge: attribute('bridge') }
    case 'bridge':
      return { kind: 'bridge', bridge: attribute('bridge') ?? '', network: attribute('network'), portGroup: attribute('portgroup') }
    case 'direct':
      return { kind: 'direct', device: attribute('dev') ?? '', mode: attribute('mode') ?? 'vepa', network: attribute('network') }
    case 'hostdev': {
      const address = source && childNamed(source, 'address')
      return {
        kind: 'hostdev',
        address: address && readPciAddress(address),
        isManaged: element.getAttribute('managed') === 'yes',
        network: attribute('network'),
      }
    }
    case 'vhostuser':
      return { kind: 'vhost-user', path: attribute('path') ?? '', mode: attribute('mode') }
    case 'vdpa':
      return { kind: 'vdpa', device: attribute('dev') ?? '' }
    case 'user':
    case 'ethernet':
      return { kind: type }
    default:
      return { kind: 'other', type }
  }
}

const readVirtualPort = shape({
  type: text('@type'),
  profileId: text('parameters/@profileid'),
  interfaceId: text('parameters/@interfaceid'),
})

/** `<interface>`. https://libvirt.org/formatdomain.html#network-interfaces */
export const readInterface = shape({
  source: readInterfaceSource as Reader<InterfaceSource>,
  /** Lower case; identifies the NIC within the domain. */
  mac: (element) => readMac(element).toLowerCase(),
  model: text('model/@type'),
  /** The device on the host; libvirt chooses `vnetN` anew on every start. */
  target: text('target/@dev'),
  isLinkUp: (element) => readLink(element) !== 'down',
  /** `vhost` for virtio by default, `qemu` for user space. */
  driver: text('driver/@name'),
  queues: whole('driver/@queues'),
  virtualPort: one('virtualport', readVirtualPort),
  vlans: many('vlan/tag', whole('@id')),
  mtu: whole('mtu/@size'),
  filter: text('filterref/@filter'),
  /** Failover pair: a `transient` passed-through NIC is unplugged for the move and covered by the `persistent` virtio one. */
  teaming: word('teaming/@type', ['persistent', 'transient']),
  teamingPartner: text('teaming/@persistent'),
  isTrusted: yes('@trustGuestRxFilters'),
  bootOrder: whole('boot/@order'),
  alias: text('alias/@name'),
} satisfies Record<string, Reader<unknown>>)
export type Interface = Read<typeof readInterface>

const readMac = or(text('mac/@address'), '')
const readLink = text('link/@state')
