import type { Element } from '../document.ts'
import { childNamed } from '../edit.ts'
import { has, mapped, one, or, shape, text, whole, word, type Read, type Reader } from '../read.ts'
import { readDiskSource, type DiskSource } from './disk-source.ts'

const readDriver = shape({
  name: text('@name'),
  /** The image's format: `qcow2`, `raw`, ... */
  type: text('@type'),
  /** Only `none` and `directsync` (or a cluster file system) are safe to migrate on shared storage. */
  cache: or(word('@cache', ['default', 'none', 'writethrough', 'writeback', 'directsync', 'unsafe']), 'default'),
  io: word('@io', ['threads', 'native', 'io_uring']),
  discard: word('@discard', ['unmap', 'ignore']),
  detectZeroes: text('@detect_zeroes'),
  errorPolicy: text('@error_policy'),
  queues: whole('@queues'),
  iothread: whole('@iothread'),
})

/** `<encryption>`: the secret itself stays in libvirt's secret store, which the next host must have too. */
const readEncryption = shape({
  format: or(text('@format'), ''),
  engine: text('@engine'),
  secretUuid: text('secret/@uuid'),
  secretUsage: text('secret/@usage'),
})
export type DiskEncryption = Read<typeof readEncryption>

export interface BackingLayer {
  readonly source: DiskSource
  readonly format: string | undefined
  readonly encryption: DiskEncryption | undefined
}

/** The layers below the image, nearest first. Empty where there is none, and where libvirt has not looked (an inactive domain). */
function readBackingChain(disk: Element): readonly BackingLayer[] {
  const layers: BackingLayer[] = []
  for (let layer = childNamed(disk, 'backingStore'); layer && readFormat(layer) !== undefined; layer = childNamed(layer, 'backingStore')) {
    layers.push({ source: readDiskSource(layer), format: readFormat(layer), encryption: readSourceEncryption(layer) })
  }
  return layers
}

const readFormat = text('format/@type')
const readSourceEncryption = one('source/encryption', readEncryption)

const readMirror = shape({
  /** `copy` or `active-commit`: a block job is running. */
  job: text('@job'),
  isReady: mapped(text('@ready'), (ready) => ready === 'yes'),
  source: readDiskSource as Reader<DiskSource>,
})

/** `<disk>`. https://libvirt.org/formatdomain.html#hard-drives-floppy-disks-cdroms */
export const readDisk = shape({
  device: or(word('@device', ['disk', 'cdrom', 'floppy', 'lun']), 'disk'),
  source: readDiskSource as Reader<DiskSource>,
  /** The name that identifies the disk within the domain: `vda`, `sdb`. */
  target: or(text('target/@dev'), ''),
  bus: or(text('target/@bus'), ''),
  driver: one('driver', readDriver),
  isReadOnly: has('readonly'),
  isShareable: has('shareable'),
  /** Changes are thrown away at power-off; cannot be migrated before libvirt 7.4, nor with an overlay that is not shared. */
  isTransient: has('transient'),
  serial: text('serial'),
  wwn: text('wwn'),
  backingChain: readBackingChain as Reader<readonly BackingLayer[]>,
  mirror: one('mirror', readMirror),
  encryption: (disk) => readOwnEncryption(disk) ?? readSourceEncryption(disk),
  /** What libvirt does when the source is missing at the next host. */
  startupPolicy: word('source/@startupPolicy', ['mandatory', 'requisite', 'optional']),
  /** SCSI persistent reservations through qemu-pr-helper. */
  hasReservations: has('source/reservations'),
  bootOrder: whole('boot/@order'),
  snapshot: text('@snapshot'),
  hasTrayOpen: mapped(text('target/@tray'), (tray) => tray === 'open'),
  alias: text('alias/@name'),
} satisfies Record<string, Reader<unknown>>)
export type Disk = Read<typeof readDisk>

const readOwnEncryption = one('encryption', readEncryption)
