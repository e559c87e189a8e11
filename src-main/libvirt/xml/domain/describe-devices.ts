import { describeDiskSource } from './disk-source.ts'
import type { Disk } from './disk.ts'
import type { Domain } from './domain.ts'
import type { Graphics } from './graphics.ts'
import { describeHostDevice } from './host-device.ts'
import type { Interface } from './interface.ts'
import { formatPciAddress } from './address.ts'

export type DeviceKind =
  | 'disk' | 'cdrom' | 'floppy' | 'nic' | 'host-device' | 'filesystem' | 'display' | 'video' | 'console' | 'channel' | 'tpm'
  | 'memory' | 'shared-memory' | 'controller' | 'input' | 'sound' | 'other'

/** One row of the VM page: what it is (`vda`), what there is to say of it, and a kind to sort and draw it by. */
export interface DeviceRow {
  readonly kind: DeviceKind
  readonly label: string
  readonly detail: string
}

/** Joins what is there with a middle dot. */
function detail(...parts: readonly (string | undefined | false)[]): string {
  return parts.filter(Boolean).join(' · ')
}

const UNITS = ['KiB', 'MiB', 'GiB', 'TiB'] as const

/** KiB for a person: `512 MiB`, `1.5 GiB`. */
export function formatKibibytes(kibibytes: number): string {
  let amount = kibibytes
  let unit = 0
  while (amount >= 1024 && unit < UNITS.length - 1) {
    amount /= 1024
    unit += 1
  }
  return `${Number.isInteger(amount) ? amount : amount.toFixed(1)} ${UNITS[unit]}`
}

function diskRow(disk: Disk): DeviceRow {
  const { cache, type } = disk.driver ?? { cache: 'default', type: undefined }
  const layers = disk.backingChain.length
  return {
    kind: disk.device === 'cdrom' || disk.device === 'floppy' ? disk.device : 'disk',
    label: disk.target,
    detail: detail(
      describeDiskSource(disk.source) ?? 'empty',
      disk.bus,
      type,
      cache !== 'default' && `cache ${cache}`,
      layers > 0 && `${layers} backing ${layers === 1 ? 'image' : 'images'}`,
      disk.isReadOnly && disk.device === 'disk' && 'read-only',
      disk.isShareable && 'shareable',
      disk.isTransient && 'transient',
      disk.encryption && `encrypted (${disk.encryption.format})`,
      disk.mirror && 'block job running',
    ),
  }
}

function describeConnection({ source }: Interface): string {
  switch (source.kind) {
    case 'network':
      return `network ${source.network}${source.portGroup === undefined ? '' : `, port group ${source.portGroup}`}`
    case 'bridge':
      return source.network === undefined ? `bridge ${source.bridge}` : `network ${source.network}, bridge ${source.bridge}`
    case 'direct':
      return `macvtap on ${source.device} (${source.mode})`
    case 'hostdev':
      return source.address ? `SR-IOV ${formatPciAddress(source.address)}` : 'SR-IOV'
    case 'vhost-user':
      return `vhost-user ${source.path}`
    case 'vdpa':
      return `vDPA ${source.device}`
    case 'user':
      return 'user-mode network'
    case 'ethernet':
      return 'unmanaged tap device'
    case 'other':
      return source.type
  }
}

function nicRow(nic: Interface): DeviceRow {
  return { kind: 'nic', label: nic.mac, detail: detail(describeConnection(nic), nic.model, nic.target, !nic.isLinkUp && 'link down') }
}

function displayRow(graphics: Graphics): DeviceRow {
  const listens = graphics.listens.map((listen) => {
    if (listen.kind === 'socket') return listen.path ?? 'socket'
    return listen.kind === 'network' ? `network ${listen.network}` : listen.kind === 'address' ? listen.address : 'no listener'
  })
  const port = graphics.port ?? graphics.tlsPort
  return {
    kind: 'display',
    label: graphics.type.toUpperCase(),
    detail: detail(...listens, port !== undefined && `port ${port}`, graphics.hasPassword && 'password set'),
  }
}

/** The rows of the VM page, most telling first. Labels are libvirt's names; sentences are English. */
export function describeDevices({ devices }: Domain): readonly DeviceRow[] {
  const row = (kind: DeviceKind, label: string, ...parts: readonly (string | undefined | false)[]): DeviceRow => ({
    kind,
    label,
    detail: detail(...parts),
  })
  return [
    ...devices.disks.map(diskRow),
    ...devices.interfaces.map(nicRow),
    ...devices.hostDevices.map((each) =>
      row('host-device', describeHostDevice(each.source), each.isManaged && 'managed', each.teaming && 'failover pair'),
    ),
    ...devices.filesystems.map((each) =>
      row(
        'filesystem',
        each.target,
        each.driver === 'path' ? '9p' : each.driver,
        each.source ?? each.socket,
        each.isReadOnly && 'read-only',
      ),
    ),
    ...devices.tpms.map((each) =>
      row('tpm', `TPM ${each.version ?? ''}`.trim(), each.model, each.backend, each.device, each.hasEncryption && 'encrypted state'),
    ),
    ...devices.memories.map((each) =>
      row('memory', each.model, formatKibibytes(each.size), each.node !== undefined && `node ${each.node}`, each.path),
    ),
    ...devices.sharedMemories.map((each) =>
      row('shared-memory', each.name, each.model, each.role, each.size !== undefined && formatKibibytes(each.size)),
    ),
    ...devices.graphics.map(displayRow),
    ...devices.videos.map((each) =>
      row('video', each.model, each.heads !== undefined && each.heads > 1 && `${each.heads} heads`, each.has3d && '3D'),
    ),
    ...devices.serials.map((each) => row('console', `serial ${each.targetPort ?? 0}`, each.type, each.path)),
    ...devices.channels.map((each) => row('channel', each.targetName ?? each.type, each.type, each.state)),
    ...devices.redirectedDevices.map((each) => row('other', 'USB redirection', each.type)),
    ...(devices.vsock ? [row('other', 'vsock', devices.vsock.address !== undefined && `CID ${devices.vsock.address}`)] : []),
    ...devices.randomGenerators.map((each) => row('other', 'random numbers', each.backend, each.device?.trim())),
    ...devices.watchdogs.map((each) => row('other', 'watchdog', each.model, each.action)),
    ...devices.panics.map((each) => row('other', 'panic device', each.model)),
    ...(devices.balloon && devices.balloon.model !== 'none' ? [row('other', 'memory balloon', devices.balloon.model)] : []),
    ...(devices.iommu ? [row('other', 'IOMMU', devices.iommu.model)] : []),
    ...devices.sounds.map((each) => row('sound', each.model)),
    ...devices.inputs.map((each) => row('input', each.type, each.bus, each.source)),
    ...devices.smartcards.map((each) => row('other', 'smartcard', each.mode)),
    ...devices.leases.map((each) => row('other', 'lock lease', each.key, each.path)),
    ...devices.others.map((name) => row('other', name, 'not known to Drover')),
    ...devices.controllers.map((each) => row('controller', `${each.type} ${each.index}`, each.model)),
  ]
}
