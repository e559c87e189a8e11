import type { Element } from '../document.ts'
import { childNamed } from '../edit.ts'
import { many, mapped, or, shape, text, whole, word, yes, type Read } from '../read.ts'
import { readPciAddress, type PciAddress } from './address.ts'
import { hideUser } from './secret-arguments.ts'

const readHost = shape({
  name: text('@name'),
  port: whole('@port'),
  transport: or(word('@transport', ['tcp', 'rdma', 'unix', 'vsock']), 'tcp'),
  socket: text('@socket'),
})

const readNetworkSource = shape({
  /** `rbd`, `iscsi`, `gluster`, `nbd`, `nfs`, `ssh`, `http`, `https`, `ftp`, `ftps`, `sheepdog`, `vxhs`, `tftp`. */
  protocol: or(text('@protocol'), ''),
  /** Pool and image, target and LUN, export or path, as the protocol has it. */
  name: mapped(text('@name'), hideUser),
  hosts: many('host', readHost),
  hasTls: yes('@tls'),
  initiator: text('initiator/iqn/@name'),
})

/** A secret of libvirt's own store, by reference: the next host must have it too. */
const readSecretReference = shape({ type: text('secret/@type'), uuid: text('secret/@uuid'), usage: text('secret/@usage') })
export type SecretReference = Read<typeof readSecretReference>

export type NetworkDiskSource = Read<typeof readNetworkSource> & { readonly credentials: SecretReference | undefined }

/**
 * Where the bytes of a disk, or of one layer of its backing chain, are.
 * https://libvirt.org/formatdomain.html#hard-drives-floppy-disks-cdroms
 */
export type DiskSource =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'block'; readonly path: string }
  | { readonly kind: 'directory'; readonly path: string }
  | ({ readonly kind: 'network' } & NetworkDiskSource)
  | { readonly kind: 'volume'; readonly pool: string; readonly volume: string }
  | { readonly kind: 'nvme'; readonly address: PciAddress; readonly namespace: string; readonly isManaged: boolean }
  | { readonly kind: 'vhost-user'; readonly path: string }
  | { readonly kind: 'vdpa'; readonly path: string }
  /** An empty drive. */
  | { readonly kind: 'none' }
  | { readonly kind: 'other'; readonly type: string }

/** Reads `<source>` below a `<disk>`, `<backingStore>` or `<mirror>`, whose `type` says what it is. */
export function readDiskSource(owner: Element): DiskSource {
  const type = owner.getAttribute('type') ?? 'file'
  const source = childNamed(owner, 'source')
  if (!source) return { kind: 'none' }
  const attribute = (name: string) => source.getAttribute(name) ?? ''
  const located = <K extends string>(kind: K, path: string) => (path === '' ? ({ kind: 'none' } as const) : { kind, path })
  switch (type) {
    case 'file':
      return located('file', attribute('file'))
    case 'block':
      return located('block', attribute('dev'))
    case 'dir':
      return located('directory', attribute('dir'))
    case 'network': {
      // Before libvirt 3.9 the credentials stood beside the source, and XML that was written so stays so.
      const auth = childNamed(source, 'auth') ?? childNamed(owner, 'auth')
      return { kind: 'network', ...readNetworkSource(source), credentials: auth && readSecretReference(auth) }
    }
    case 'volume':
      return { kind: 'volume', pool: attribute('pool'), volume: attribute('volume') }
    case 'nvme':
      return {
        kind: 'nvme',
        address: readPciAddress(childNamed(source, 'address') ?? source),
        namespace: attribute('namespace'),
        isManaged: attribute('managed') === 'yes',
      }
    case 'vhostuser':
      return { kind: 'vhost-user', path: attribute('path') }
    case 'vhostvdpa':
      return { kind: 'vdpa', path: attribute('dev') }
    default:
      return { kind: 'other', type }
  }
}

/** One line for a person: the path, or `rbd:pool/image at ceph1, ceph2`, `pool/volume`; undefined for an empty drive. */
export function describeDiskSource(source: DiskSource): string | undefined {
  switch (source.kind) {
    case 'network': {
      const hosts = source.hosts.map((host) => host.name ?? host.socket ?? '').filter(Boolean)
      return `${source.protocol}:${source.name ?? ''}${hosts.length > 0 ? ` at ${hosts.join(', ')}` : ''}`
    }
    case 'volume':
      return `${source.pool}/${source.volume}`
    case 'nvme':
      return `NVMe namespace ${source.namespace}`
    case 'none':
      return undefined
    case 'other':
      return source.type
    default:
      return source.path
  }
}
