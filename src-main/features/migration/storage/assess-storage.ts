import { dirname } from 'node:path/posix'
import type { Finding } from '../../../contract/migration.ts'
import type { HostFactsReader, HostPool } from '../host-facts/host-facts-reader.ts'
import { lookAt } from '../preflight/local-path.ts'
import type { CopiedDisk } from './copied-disks.ts'

export interface StorageSides {
  readonly storage: 'full' | 'incremental'
  readonly isLive: boolean
  readonly disks: readonly CopiedDisk[]
  readonly source: HostFactsReader
  readonly destination: HostFactsReader
}

/**
 * What copying disks asks of the destination. libvirt creates a missing file itself for a full copy of a running VM, in the active pool whose folder it is to lie in
 * (qemuMigrationDstPrecreateDisk), and writes over one that is there; for the rest Drover creates volumes through the same pool.
 */
export async function assessStorage(sides: StorageSides): Promise<Finding[]> {
  const { disks, destination } = sides
  const name = destination.session.name
  const findings: Finding[] = []
  const wanted = new Map<HostPool, number>()
  for (const disk of disks) {
    const { path } = disk
    const say = finding(disk.target)
    if (path === null) {
      findings.push(say('error', 'disk-not-copyable', `Disk ${disk.target} is no file or device of its host, so it cannot be copied.`, { next: 'Leave it out of the disks to copy; the destination must reach it by itself.' }))
      continue
    }
    if (!sides.isLive && disk.volume === null) {
      findings.push(say('error', 'disk-no-pool', `Disk ${disk.target} lies in no storage pool of its host, so libvirt cannot read it out.`, { evidence: path, next: `Define a pool over ${dirname(path)} on both hosts.` }))
      continue
    }
    if (await isOneFile(sides, path)) {
      findings.push(sharedDisk(disk, sides))
      continue
    }
    const there = await existing(destination, path)
    if (there) {
      findings.push(...overwriting(disk, there.capacity, name, sides.isLive))
      continue
    }
    const pool = poolFor(await destination.pools(), path)
    if (!pool) {
      findings.push(say('error', 'disk-no-pool', `${name} has no active storage pool over ${dirname(path)}, so disk ${disk.target} cannot be created there.`, { evidence: path, next: `Define and start a pool over ${dirname(path)} on ${name}.` }))
      continue
    }
    wanted.set(pool, (wanted.get(pool) ?? 0) + disk.bytes)
    if (sides.storage === 'incremental') findings.push(...(await missingBase(disk, sides)))
  }
  for (const [pool, bytes] of wanted) {
    if (pool.availableBytes === null || bytes <= pool.availableBytes) continue
    findings.push({
      severity: 'error',
      code: 'disk-no-space',
      subject: 'disk',
      message: `Pool ${pool.name} on ${name} has too little room for the disks.`,
      evidence: `${gib(bytes)} GiB needed, ${gib(pool.availableBytes)} GiB free.`,
    })
  }
  return findings
}

/** Whether both hosts see the same file at the path: a file system that hosts share, or one inode of one size, changed at one time. */
async function isOneFile({ source, destination }: StorageSides, path: string): Promise<boolean> {
  const [here, there] = await Promise.all([lookAt(source, path), lookAt(destination, path)])
  return Boolean(there?.exists && ((here?.isShared && there.isShared) || (here?.identity && here.identity === there.identity)))
}

/** Copied onto itself an image would be destroyed. */
function sharedDisk(disk: CopiedDisk, { disks, destination }: StorageSides): Finding {
  const others = disks.filter((each) => each !== disk).map(({ target }) => target)
  const fix = others.length > 0 ? { label: `Copy ${others.join(', ')} only`, options: { disks: others } } : { label: 'Do not copy', options: { storage: 'none', disks: null } as const }
  return {
    ...finding(disk.target)('error', 'disk-shared', `${destination.session.name} sees the very image of disk ${disk.target} already: copied onto itself it would be destroyed.`, { evidence: disk.path ?? '' }),
    fix: { kind: 'option', ...fix },
  }
}

/** The active pool whose folder holds the path. */
export function poolFor(pools: readonly HostPool[], path: string): HostPool | null {
  return pools.find((pool) => pool.isActive && pool.targetPath !== undefined && pool.targetPath.replace(/\/+$/, '') === dirname(path)) ?? null
}

/** A file or device at the path; its capacity where libvirt knows the image. libvirt's own list may be older than the folder, so the folder is asked first. */
export async function existing(host: HostFactsReader, path: string): Promise<{ readonly capacity: number | null } | null> {
  const [seen, volume] = await Promise.all([host.exec(['test', '-e', path]), host.volumeAt(path)])
  // Another user's folder may hide a file from test, never from libvirt.
  if (volume && (seen === null || seen.code === 0)) return { capacity: volume.capacity }
  return seen?.code === 0 ? { capacity: null } : null
}

function overwriting(disk: CopiedDisk, capacity: number | null, host: string, isLive: boolean): Finding[] {
  const say = finding(disk.target)
  const mine = disk.volume?.capacity ?? null
  if (capacity !== null && mine !== null && capacity !== mine) {
    return [say('error', 'disk-size-differs', `${host} has an image of another size at the path of disk ${disk.target}.`, { evidence: `${disk.path}: ${mine} bytes here, ${capacity} bytes there`, next: 'It may belong to another VM. Move it out of the way.' })]
  }
  if (!isLive) return [say('error', 'disk-exists', `${host} already has an image at the path of disk ${disk.target}.`, { evidence: disk.path ?? '', next: 'Drover does not write over images of a VM that is off. Move it out of the way, or move without copying.' })]
  return [say('warning', 'disk-overwritten', `The image that ${host} has at the path of disk ${disk.target} will be written over.`, { evidence: disk.path ?? '', next: 'Make sure that it is a left-over copy, not the disk of another VM.' })]
}

/** An incremental copy sends the top layer only: the destination must have what lies below it. */
async function missingBase(disk: CopiedDisk, { destination }: StorageSides): Promise<Finding[]> {
  const say = finding(disk.target)
  const base = disk.volume?.backing?.path
  const name = destination.session.name
  if (!base) {
    const fix = { kind: 'option', label: 'Copy in full', options: { storage: 'full' } } as const
    return [{ ...say('error', 'disk-no-base', `Disk ${disk.target} has no layer below it that ${name} could have already.`, {}), fix }]
  }
  if (await existing(destination, base)) return []
  return [say('error', 'disk-no-base', `${name} does not have the image that disk ${disk.target} is based on.`, { evidence: base, next: 'Copy that image there first, or copy in full.' })]
}

function finding(target: string) {
  return (severity: Finding['severity'], code: string, message: string, more: { evidence?: string; next?: string }): Finding => ({ severity, code, subject: `disk ${target}`, message, ...more })
}

function gib(bytes: number): string {
  return (bytes / 1024 ** 3).toFixed(1)
}
