import type { Element } from '../document.ts'
import { childNamed } from '../edit.ts'
import { addressNumber, has, or, shape, text, whole, word, type Read, type Reader } from '../read.ts'
import { formatPciAddress, readPciAddress, type PciAddress } from './address.ts'

/** A device of the host handed to the guest. https://libvirt.org/formatdomain.html#host-device-assignment */
export type HostDeviceSource =
  | { readonly kind: 'pci'; readonly address: PciAddress }
  | {
      readonly kind: 'usb'
      readonly vendor: number | undefined
      readonly product: number | undefined
      readonly bus: number | undefined
      readonly device: number | undefined
    }
  | { readonly kind: 'mdev'; readonly uuid: string; readonly model: string }
  | { readonly kind: 'scsi'; readonly adapter: string | undefined; readonly iscsi: string | undefined }
  | { readonly kind: 'scsi-host'; readonly wwpn: string | undefined }
  | { readonly kind: 'other'; readonly type: string }

const readUsbSource = shape({
  vendor: addressNumber('vendor/@id'),
  product: addressNumber('product/@id'),
  bus: addressNumber('address/@bus'),
  device: addressNumber('address/@device'),
})

export function readHostDeviceSource(element: Element): HostDeviceSource {
  const type = element.getAttribute('type') ?? ''
  const source = childNamed(element, 'source')
  const address = source && childNamed(source, 'address')
  if (element.getAttribute('mode') === 'capabilities' || !source) return { kind: 'other', type }
  switch (type) {
    case 'pci':
      return address ? { kind: 'pci', address: readPciAddress(address) } : { kind: 'other', type }
    case 'usb':
      return { kind: 'usb', ...readUsbSource(source) }
    case 'mdev':
      return { kind: 'mdev', uuid: address?.getAttribute('uuid') ?? '', model: element.getAttribute('model') ?? '' }
    case 'scsi': {
      const iscsi = source.getAttribute('protocol') === 'iscsi' ? (source.getAttribute('name') ?? '') : undefined
      return { kind: 'scsi', adapter: childNamed(source, 'adapter')?.getAttribute('name') ?? undefined, iscsi }
    }
    case 'scsi_host':
      return { kind: 'scsi-host', wwpn: source.getAttribute('wwpn') ?? undefined }
    default:
      return { kind: 'other', type }
  }
}

/** `<hostdev>` */
export const readHostDevice = shape({
  source: readHostDeviceSource as Reader<HostDeviceSource>,
  /** libvirt takes the device from the host's driver and gives it back by itself. */
  isManaged: (element) => element.getAttribute('managed') === 'yes',
  /** For USB: what happens when it is missing at the next host. */
  startupPolicy: word('source/@startupPolicy', ['mandatory', 'requisite', 'optional']),
  /** Libvirt unplugs it for a move and the guest fails over. */
  teaming: word('teaming/@type', ['persistent', 'transient']),
  driver: text('driver/@name'),
  hasRom: has('rom/@file'),
  bootOrder: whole('boot/@order'),
  alias: text('alias/@name'),
} satisfies Record<string, Reader<unknown>>)
export type HostDevice = Read<typeof readHostDevice>

/** One line for a person: `PCI 0000:3b:00.0`, `USB 046d:c52b`, `mdev nvidia …`. */
export function describeHostDevice(source: HostDeviceSource): string {
  switch (source.kind) {
    case 'pci':
      return `PCI ${formatPciAddress(source.address)}`
    case 'usb':
      if (source.vendor !== undefined) return `USB ${hex(source.vendor)}:${hex(source.product ?? 0)}`
      return `USB bus ${source.bus ?? '?'} device ${source.device ?? '?'}`
    case 'mdev':
      return `${source.model} ${source.uuid}`
    case 'scsi':
      return source.iscsi === undefined ? `SCSI ${source.adapter ?? ''}`.trim() : `iSCSI ${source.iscsi}`
    case 'scsi-host':
      return `SCSI host ${source.wwpn ?? ''}`.trim()
    case 'other':
      return source.type
  }
}

function hex(number: number): string {
  return number.toString(16).padStart(4, '0')
}

/** `<redirdev>`: a USB device of whoever looks at the console. */
export const readRedirectedDevice = shape({ bus: or(text('@bus'), ''), type: or(text('@type'), ''), alias: text('alias/@name') })
export type RedirectedDevice = Read<typeof readRedirectedDevice>
