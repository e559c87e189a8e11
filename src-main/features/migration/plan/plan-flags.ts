import type { MoveOptions } from '../../../contract/migration.ts'
import { migrateFlags } from '../../../libvirt/wire/constants/migrate.ts'

/** zlib and zstd compress multifd's streams; xbzrle is of the single stream. */
export function needsMultifd(compression: MoveOptions['compression']): boolean {
  return compression === 'zlib' || compression === 'zstd'
}

/** Connections of multifd that a plan means: what it says, or two where its compression needs multifd. */
export function parallelConnectionsOf(options: Pick<MoveOptions, 'compression' | 'parallelConnections'>): number | null {
  return options.parallelConnections ?? (needsMultifd(options.compression) ? 2 : null)
}

/**
 * The VIR_MIGRATE_* flags that a plan means, without those that its technique brings along by itself (LIVE, POSTCOPY, OFFLINE, CHANGE_PROTECTION).
 * A persistent VM stays persistent: defined at the destination, and no longer at the source unless it is to be kept there.
 */
export function planFlags(options: MoveOptions, vm: { readonly isPersistent: boolean }): number {
  let flags = 0
  if (vm.isPersistent) flags |= migrateFlags.persistDest
  if (vm.isPersistent && !options.keepSource) flags |= migrateFlags.undefineSource
  if (options.technique === 'offline') return flags
  if (options.storage === 'full') flags |= migrateFlags.nonSharedDisk
  if (options.storage === 'incremental') flags |= migrateFlags.nonSharedInc
  if (options.autoConverge) flags |= migrateFlags.autoConverge
  if (options.compression !== 'none') flags |= migrateFlags.compressed
  if (parallelConnectionsOf(options) !== null) flags |= migrateFlags.parallel
  if (options.tls) flags |= migrateFlags.tls
  if (options.unsafe) flags |= migrateFlags.unsafe
  return flags
}
