import type { MovePlan } from '../../../contract/migration.ts'
import type { Disk } from '../../../libvirt/xml/domain/disk.ts'
import type { HostFactsReader, HostVolume } from '../host-facts/host-facts-reader.ts'
import type { VmOnHost } from '../vm/read-vm.ts'

/** A disk that the plan copies. */
export interface CopiedDisk {
  readonly target: string
  readonly disk: Disk
  /** Of the image at the source; null where it is no file or device. */
  readonly path: string | null
  /** What libvirt knows of it at the source; null where it lies in no pool. */
  readonly volume: HostVolume | null
  /** Bytes to be copied: what is allocated, or the whole where that is not known. */
  readonly bytes: number
}

const local: ReadonlySet<string> = new Set(['file', 'block', 'volume'])

/**
 * Whether a disk is copied when all are: a writable image or device of the host. libvirt by itself would copy network disks as well
 * (qemuMigrationAnyCopyDisk), so the plan always names its disks.
 */
export function mayBeCopied(disk: Disk): boolean {
  return local.has(disk.source.kind) && !disk.isShareable && !disk.isReadOnly && disk.device === 'disk'
}

/** The disks that the plan copies, with their sizes; none when storage is shared. */
export async function copiedDisks(plan: MovePlan, vm: VmOnHost, source: HostFactsReader): Promise<CopiedDisk[]> {
  const { storage, disks: chosen } = plan.options
  if (storage === 'none') return []
  const disks = vm.live.devices.disks.filter((disk) => (chosen ? chosen.includes(disk.target) : mayBeCopied(disk)))
  return Promise.all(
    disks.map(async (disk): Promise<CopiedDisk> => {
      const path = await pathOf(disk, source)
      const volume = path === null ? null : await source.volumeAt(path)
      const allocated = await allocationOf(vm, disk, source)
      return { target: disk.target, disk, path, volume, bytes: allocated ?? volume?.allocation ?? 0 }
    }),
  )
}

/** Where the image lies on the host that the reader asks; null where it is no file or device of it. */
export async function pathOf(disk: Disk, host: HostFactsReader): Promise<string | null> {
  const { source } = disk
  if (source.kind === 'file' || source.kind === 'block') return source.path
  if (source.kind !== 'volume') return null
  const pool = (await host.pools()).find(({ name }) => name === source.pool)
  if (!pool) return null
  return (await host.volumes(pool.ref)).find(({ name }) => name === source.volume)?.path ?? null
}

async function allocationOf(vm: VmOnHost, disk: Disk, source: HostFactsReader): Promise<number | null> {
  const { connection } = source.session
  const info = await connection.call('domainGetBlockInfo', { dom: vm.ref, path: disk.target, flags: 0 }).catch(() => null)
  return info && info.allocation > 0 ? info.allocation : null
}
