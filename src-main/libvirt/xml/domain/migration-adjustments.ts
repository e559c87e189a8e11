import { Failure } from '../../../base/failure.ts'
import { parseRoot, serialise, type Element } from '../document.ts'
import { appendElement, childNamed, childrenNamed, ensureChild, remove, setAttribute, setText } from '../edit.ts'

/**
 * What may differ at the destination without the guest noticing (virDomainDefCheckABIStability in libvirt's src/conf/domain_conf.c compares
 * everything else). Disks are named by target (`vda`), NICs by MAC address.
 */
export interface MigrationAdjustments {
  /** Bridges and networks that have another name there, old name to new, for every NIC on them. */
  readonly bridges?: Readonly<Record<string, string>>
  readonly networks?: Readonly<Record<string, string>>
  /** One NIC moved onto another bridge or network, whatever it was on; it is done before the renames and not renamed again. */
  readonly interfaces?: readonly InterfaceAdjustment[]
  readonly disks?: readonly DiskAdjustment[]
  /** Targets of CD-ROM and floppy drives to be empty there. */
  readonly ejected?: readonly string[]
  /** The address that VNC and SPICE listen on there; sockets and listens by network stay. */
  readonly graphicsAddress?: string
  /** The path of the file of UEFI variables there. */
  readonly nvram?: string
}

export interface InterfaceAdjustment {
  readonly mac: string
  readonly to:
    | { readonly kind: 'bridge'; readonly bridge: string }
    | { readonly kind: 'network'; readonly network: string; readonly portGroup?: string }
}

export interface DiskAdjustment {
  readonly target: string
  readonly to: { readonly kind: 'file' | 'block'; readonly path: string }
  /** Otherwise the chain is left out and the destination reads it from the image's own header. */
  readonly keepsBackingChain?: boolean
}

/**
 * The XML to hand to Begin and Prepare as `destination_xml`. Start from XML that was asked for with VIR_DOMAIN_XML_MIGRATABLE and,
 * where the domain has secrets, SECURE. All that is not adjusted stays: comments, namespaces, elements unknown here.
 * @throws Failure `xml-invalid`; `xml-adjustment` when a named disk or NIC is not there, or a drive cannot be ejected
 */
export function withMigrationAdjustments(xml: string, adjustments: MigrationAdjustments): string {
  const domain = parseRoot(xml, 'domain')
  const devices = childNamed(domain, 'devices')
  adjustInterfaces(devices ? childrenNamed(devices, 'interface') : [], adjustments)
  const disks = new Map(
    (devices ? childrenNamed(devices, 'disk') : []).map((disk) => [childNamed(disk, 'target')?.getAttribute('dev') ?? '', disk]),
  )
  for (const { target, to, keepsBackingChain } of adjustments.disks ?? [])
    relocate(found(disks.get(target), `disk ${target}`), to, keepsBackingChain ?? false)
  for (const target of adjustments.ejected ?? []) eject(found(disks.get(target), `disk ${target}`), target)
  if (adjustments.graphicsAddress !== undefined && devices) {
    for (const graphics of childrenNamed(devices, 'graphics')) listenOn(graphics, adjustments.graphicsAddress)
  }
  if (adjustments.nvram !== undefined) {
    const os = childNamed(domain, 'os')
    setNvram(found(os && childNamed(os, 'nvram'), 'file of UEFI variables'), adjustments.nvram)
  }
  return serialise(domain.ownerDocument ?? domain)
}

function found(element: Element | undefined, what: string): Element {
  if (!element) throw new Failure('xml-adjustment', `The VM has no ${what}.`)
  return element
}

function adjustInterfaces(
  interfaces: readonly Element[],
  { interfaces: moved = [], bridges = {}, networks = {} }: MigrationAdjustments,
): void {
  // The two cards of a failover pair share one address; the passed-through one has no connection to move.
  const byMac = new Map(
    interfaces.filter(hasConnection).map((element) => [(childNamed(element, 'mac')?.getAttribute('address') ?? '').toLowerCase(), element]),
  )
  const done = new Set<Element>()
  for (const { mac, to } of moved) {
    const element = found(byMac.get(mac.toLowerCase()), `network card ${mac} on a bridge or network`)
    connect(element, to)
    done.add(element)
  }
  for (const element of interfaces.filter((each) => !done.has(each))) {
    const source = childNamed(element, 'source')
    const type = element.getAttribute('type')
    const network = source?.getAttribute('network') ?? ''
    const bridge = source?.getAttribute('bridge') ?? ''
    if (Object.hasOwn(networks, network) && hasConnection(element)) {
      connect(element, { kind: 'network', network: networks[network] ?? '', ...portGroupOf(source) })
    } else if (type === 'bridge' && network === '' && Object.hasOwn(bridges, bridge) && source) {
      setAttribute(source, 'bridge', bridges[bridge])
    }
  }
}

function portGroupOf(source: Element | undefined): { portGroup?: string } {
  const portGroup = source?.getAttribute('portgroup')
  return portGroup ? { portGroup } : {}
}

const CONNECTIONS: ReadonlySet<string> = new Set(['bridge', 'network', 'direct', 'ethernet'])

/** Whether the card hangs on something that can be swapped under it; others are QEMU's own or a device of the host. */
function hasConnection(element: Element): boolean {
  return CONNECTIONS.has(element.getAttribute('type') ?? '')
}

function connect(element: Element, to: InterfaceAdjustment['to']): void {
  const source = ensureChild(element, 'source')
  for (const { name } of [...source.attributes]) source.removeAttribute(name)
  element.setAttribute('type', to.kind)
  setAttribute(source, to.kind, to.kind === 'bridge' ? to.bridge : to.network)
  if (to.kind === 'network') setAttribute(source, 'portgroup', to.portGroup)
  // The name of the tap device belongs to the old connection; libvirt chooses one.
  const target = childNamed(element, 'target')
  if (target && /^(vnet|macvtap)\d+$/.test(target.getAttribute('dev') ?? '')) remove(target)
}

function relocate(disk: Element, to: DiskAdjustment['to'], keepsBackingChain: boolean): void {
  const source = ensureChild(disk, 'source')
  // These hold for any source; hosts, credentials, slices and the rest belong to the old one.
  const kept = new Set(['startupPolicy', 'index'])
  for (const { name } of [...source.attributes]) if (!kept.has(name)) source.removeAttribute(name)
  for (const child of [...source.childNodes]) {
    const isKept = child.nodeName === 'encryption' || child.nodeName === 'seclabel' || child.nodeName === 'reservations'
    if (child.nodeType === child.ELEMENT_NODE && !isKept) remove(child)
  }
  disk.setAttribute('type', to.kind)
  setAttribute(source, to.kind === 'file' ? 'file' : 'dev', to.path)
  if (!keepsBackingChain) for (const layer of childrenNamed(disk, 'backingStore')) remove(layer)
}

function eject(disk: Element, target: string): void {
  const device = disk.getAttribute('device') ?? 'disk'
  if (device !== 'cdrom' && device !== 'floppy')
    throw new Failure('xml-adjustment', `${target} is no CD-ROM or floppy drive and cannot be ejected.`)
  for (const name of ['source', 'backingStore', 'mirror', 'auth', 'encryption'])
    for (const element of childrenNamed(disk, name)) remove(element)
  // An empty drive has no pool, host or export.
  disk.setAttribute('type', 'file')
}

function listenOn(graphics: Element, address: string): void {
  if (!['vnc', 'spice', 'rdp'].includes(graphics.getAttribute('type') ?? '')) return
  if (graphics.hasAttribute('socket')) return
  const listens = childrenNamed(graphics, 'listen')
  if (listens.length === 0) setAttribute(appendElement(graphics, 'listen'), 'type', 'address')
  childrenNamed(graphics, 'listen').forEach((listen, at) => {
    if (listen.getAttribute('type') !== 'address') return
    setAttribute(listen, 'address', address)
    // libvirt insists that the old attribute says the same as the first listen.
    if (at === 0 && graphics.hasAttribute('listen')) setAttribute(graphics, 'listen', address)
  })
}

function setNvram(nvram: Element, path: string): void {
  const source = childNamed(nvram, 'source')
  if (source) setAttribute(source, 'file', path)
  else setText(nvram, path)
}
