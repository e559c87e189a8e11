import { parseRoot } from '../document.ts'
import { make, write } from '../make.ts'
import { bytes, has, one, or, shape, text, word, type Read } from '../read.ts'

const readVolume = shape({
  type: or(word('@type', ['file', 'block', 'dir', 'network', 'netdir', 'ploop']), 'file'),
  name: or(text('name'), ''),
  key: text('key'),
  /** Bytes that the guest sees. */
  capacity: or(bytes('capacity'), 0),
  /** Bytes in use on the host. */
  allocation: or(bytes('allocation'), 0),
  /** Bytes of the file, where libvirt says so. */
  physical: bytes('physical'),
  path: text('target/path'),
  format: text('target/format/@type'),
  /** Of qcow2: `0.10` or `1.1`. */
  compatibility: text('target/compat'),
  backing: one('backingStore', shape({ path: or(text('path'), ''), format: text('format/@type') })),
  isEncrypted: has('target/encryption'),
})
export type StorageVolume = Read<typeof readVolume>

/** @throws Failure `xml-invalid` */
export function readStorageVolume(xml: string): StorageVolume {
  return readVolume(parseRoot(xml, 'volume'))
}

/** What {@link makeStorageVolume} needs; sizes in bytes. */
export interface VolumePlan {
  readonly name: string
  readonly capacity: number
  /** 0 for thin; undefined for libvirt's default, which is all of it for raw. */
  readonly allocation?: number
  readonly format: string
  readonly backing?: { readonly path: string; readonly format: string }
}

/** A volume for StorageVolCreateXML. https://libvirt.org/formatstorage.html#storage-volume-xml */
export function makeStorageVolume(plan: VolumePlan): string {
  const format = make('format', { type: plan.format })
  return write(
    make(
      'volume',
      {},
      make('name', {}, plan.name),
      make('capacity', { unit: 'bytes' }, plan.capacity),
      plan.allocation === undefined ? undefined : make('allocation', { unit: 'bytes' }, plan.allocation),
      make('target', {}, format),
      plan.backing && make('backingStore', {}, make('path', {}, plan.backing.path), make('format', { type: plan.backing.format })),
    ),
  )
}
