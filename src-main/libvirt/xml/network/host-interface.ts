import { parseRoot } from '../document.ts'
import { many, or, shape, text, whole, word, type Read } from '../read.ts'

const readHostInterfaceElement = shape({
  type: or(word('@type', ['ethernet', 'bridge', 'bond', 'vlan']), 'other'),
  name: or(text('@name'), ''),
  mac: text('mac/@address'),
  mtu: whole('mtu/@size'),
  state: text('link/@state'),
  /** Mbit/s. */
  speed: whole('link/@speed'),
  addresses: many('protocol/ip', shape({ address: or(text('@address'), ''), prefix: whole('@prefix') })),
  /** Names of the devices in a bridge. */
  bridgePorts: many('bridge/interface', text('@name')),
  bondMembers: many('bond/interface', text('@name')),
  vlanTag: whole('vlan/@tag'),
  vlanDevice: text('vlan/interface/@name'),
})
export type HostInterface = Read<typeof readHostInterfaceElement>

/** What InterfaceGetXMLDesc answers, a network device of the host. @throws Failure `xml-invalid` */
export function readHostInterface(xml: string): HostInterface {
  return readHostInterfaceElement(parseRoot(xml, 'interface'))
}
