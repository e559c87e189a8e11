import { parseRoot } from '../document.ts'
import { childNamed } from '../edit.ts'
import { many, or, shape, text, whole, yes, type Read, type Reader } from '../read.ts'

const readNetworkElement = shape({
  name: or(text('name'), ''),
  uuid: or(text('uuid'), ''),
  title: text('title'),
  bridge: text('bridge/@name'),
  /** `nat`, `route`, `open`, `bridge`, `private`, `vepa`, `passthrough`, `hostdev`; `isolated` where nothing is forwarded. */
  forwardMode: (network) => readForwardMode(network) ?? (childNamed(network, 'forward') ? 'nat' : 'isolated'),
  /** Devices of the host that guests reach the world through. */
  forwardDevices: many('forward/interface', text('@dev')),
  physicalFunctions: many('forward/pf', text('@dev')),
  mtu: whole('mtu/@size'),
  portGroups: many(
    'portgroup',
    shape({
      name: or(text('@name'), ''),
      isDefault: or(yes('@default'), false),
      virtualPort: text('virtualport/@type'),
      vlans: many('vlan/tag', whole('@id')),
    }),
  ),
  virtualPort: text('virtualport/@type'),
  vlans: many('vlan/tag', whole('@id')),
  addresses: many(
    'ip',
    shape({ address: or(text('@address'), ''), family: text('@family'), prefix: whole('@prefix'), netmask: text('@netmask') }),
  ),
  domainName: text('domain/@name'),
} satisfies Record<string, Reader<unknown>>)
export type Network = Read<typeof readNetworkElement>

const readForwardMode = text('forward/@mode')

/** What NetworkGetXMLDesc answers. https://libvirt.org/formatnetwork.html @throws Failure `xml-invalid` */
export function readNetwork(xml: string): Network {
  return readNetworkElement(parseRoot(xml, 'network'))
}
