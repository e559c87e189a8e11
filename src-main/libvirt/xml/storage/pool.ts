import { parseRoot } from '../document.ts'
import { make, write } from '../make.ts'
import { bytes, has, many, or, shape, text, whole, type Read } from '../read.ts'

const readPool = shape({
  type: or(text('@type'), ''),
  name: or(text('name'), ''),
  uuid: or(text('uuid'), ''),
  /** Bytes; only while the pool is active. */
  capacity: bytes('capacity'),
  allocation: bytes('allocation'),
  available: bytes('available'),
  /** Where the volumes are found on this host. */
  targetPath: text('target/path'),
  sourceHosts: many('source/host', shape({ name: text('@name'), port: whole('@port') })),
  sourceDirectory: text('source/dir/@path'),
  sourceDevices: many('source/device', text('@path')),
  sourceName: text('source/name'),
  sourceFormat: text('source/format/@type'),
  hasCredentials: has('source/auth'),
})
export type StoragePool = Read<typeof readPool>

/** @throws Failure `xml-invalid` */
export function readStoragePool(xml: string): StoragePool {
  return readPool(parseRoot(xml, 'pool'))
}

/** A pool over a folder of the host, for StoragePoolDefineXML or StoragePoolCreateXML. https://libvirt.org/formatstorage.html */
export function makeDirectoryPool(pool: { readonly name: string; readonly uuid?: string; readonly path: string }): string {
  return write(
    make(
      'pool',
      { type: 'dir' },
      make('name', {}, pool.name),
      pool.uuid === undefined ? undefined : make('uuid', {}, pool.uuid),
      make('target', {}, make('path', {}, pool.path)),
    ),
  )
}
