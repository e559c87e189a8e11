import { Failure } from '../../../base/failure.ts'
import { makeStorageVolume } from '../../../libvirt/xml/storage/volume.ts'
import type { StorageVolumeRef } from '../../../libvirt/wire/objects.ts'
import type { HostFactsReader } from '../host-facts/host-facts-reader.ts'
import { existing, poolFor } from './assess-storage.ts'
import type { CopiedDisk } from './copied-disks.ts'

export interface CreatedVolume {
  readonly disk: CopiedDisk
  readonly volume: StorageVolumeRef
  readonly pool: string
}

/**
 * Creates an image like the source's at the same path of the destination, empty, on the same base where it has one. null when something is there already.
 * Rejects with `disk-no-pool` where no active pool covers the folder, or what libvirt says.
 */
export async function createVolumeLike(disk: CopiedDisk, destination: HostFactsReader, options: { keepsBase: boolean; signal: AbortSignal }): Promise<CreatedVolume | null> {
  const { path, volume } = disk
  if (path === null || volume === null) throw new Failure('disk-not-copyable', `Disk ${disk.target} lies in no storage pool of its host.`)
  if (await existing(destination, path)) return null
  const pool = poolFor(await destination.pools(), path)
  if (!pool) throw new Failure('disk-no-pool', `${destination.session.name} has no active storage pool for disk ${disk.target}.`, { evidence: path })
  const { backing } = volume
  const xml = makeStorageVolume({
    name: volume.name,
    capacity: volume.capacity,
    allocation: 0,
    format: volume.format ?? 'raw',
    ...(options.keepsBase && backing ? { backing: { path: backing.path, format: backing.format ?? 'raw' } } : {}),
  })
  const { vol } = await destination.session.connection.call('storageVolCreateXml', { pool: pool.ref, xml, flags: 0 }, { signal: options.signal, deadlineMs: 120_000 })
  return { disk, volume: vol, pool: pool.name }
}
