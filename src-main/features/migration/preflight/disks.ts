import type { Finding } from '../../../contract/migration.ts'
import type { Disk } from '../../../libvirt/xml/domain/disk.ts'
import { mayBeCopied, pathOf } from '../storage/copied-disks.ts'
import type { Check, PreflightContext } from './check.ts'
import { about } from './finding.ts'
import { lookAt } from './local-path.ts'

/** Whether the destination reaches every disk that the plan does not copy, and nothing about a disk keeps the VM here. */
export const disks: Check = {
  subject: 'disk',
  async run(context) {
    const found = await Promise.all(
      context.domain.live.devices.disks.filter(({ device }) => device === 'disk' || device === 'lun').map((disk) => checkDisk(disk, context)),
    )
    return found.flat()
  },
}

async function checkDisk(disk: Disk, context: PreflightContext): Promise<Finding[]> {
  const { domain, source, plan } = context
  const { error, warning } = about(`disk ${disk.target}`)
  const name = `Disk ${disk.target}`
  const findings: Finding[] = []
  if (domain.isActive) {
    if (disk.isTransient) findings.push(error('disk-transient', `${name} is transient: its changes are kept on ${source.name} only.`, { next: 'Move the VM while it is off.' }))
    if (disk.mirror) findings.push(error('disk-block-job', `A block job runs on ${name.toLowerCase()}.`, { evidence: disk.mirror.job, next: 'Wait for it, or end it (virsh blockjob).' }))
  }
  switch (disk.source.kind) {
    case 'file':
    case 'block':
    case 'volume':
      if (isCopied(disk, plan.options)) return [...findings, ...(await checkSecret(disk, context))]
      return [...findings, ...(await checkReach(disk, context)), ...(await checkSecret(disk, context))]
    case 'network':
      return [...findings, ...(await checkSecret(disk, context))]
    case 'nvme':
      return [...findings, error('disk-nvme', `${name} is an NVMe device that QEMU drives itself; it cannot leave ${source.name}.`)]
    case 'vhost-user':
    case 'vdpa':
      return [...findings, error('disk-vhost', `${name} is served by another program on ${source.name} (${disk.source.kind}); libvirt does not move it.`)]
    case 'directory':
      return [...findings, warning('disk-directory', `${name} shows a folder of ${source.name}; the destination must have the same one.`, { evidence: disk.source.path })]
    default:
      return findings
  }
}

function isCopied(disk: Disk, { storage, disks: chosen }: PreflightContext['plan']['options']): boolean {
  return storage !== 'none' && (chosen ? chosen.includes(disk.target) : mayBeCopied(disk))
}

async function checkReach(disk: Disk, context: PreflightContext): Promise<Finding[]> {
  const { domain, source, destination, plan } = context
  const { error, warning, note } = about(`disk ${disk.target}`)
  const path = await pathOf(disk, source.facts)
  if (path === null) return [error('disk-volume-missing', `The image of disk ${disk.target} is not to be found on ${source.name}.`)]
  const backing = disk.backingChain.flatMap((layer) => (layer.source.kind === 'file' || layer.source.kind === 'block' ? [layer.source.path] : []))
  const copy = { kind: 'option', label: 'Copy the disk', options: { storage: 'full' } } as const
  const canCopy = mayBeCopied(disk)
  for (const each of [path, ...backing]) {
    const [here, there] = await Promise.all([lookAt(source.facts, each), lookAt(destination.facts, each)])
    if (!there) return [note('disk-not-seen', `Whether ${destination.name} reaches disk ${disk.target} could not be looked up; libvirt checks when the move begins.`, { evidence: each })]
    if (!there.exists) {
      return [
        error('disk-missing', `${destination.name} does not have the image of disk ${disk.target}.`, {
          evidence: each,
          next: canCopy ? 'Copy the disk along with the VM, or make its storage reachable there.' : `Make it reachable on ${destination.name} under the same path.`,
          ...(canCopy ? { fix: copy } : {}),
        }),
      ]
    }
    if (!domain.isActive || disk.isReadOnly || here?.isShared || disk.source.kind === 'block') continue
    // The same inode, size and time of change: one file under two mounts that libvirt does not know as shared.
    if (here?.identity && here.identity === there.identity) {
      if (plan.options.unsafe) return [warning('disk-trusted', `You vouch that disk ${disk.target} is one and the same file on both hosts.`, { evidence: each })]
      return [
        error('disk-unsafe', `libvirt does not know the file system of disk ${disk.target} as shared, so it would refuse the move.`, {
          evidence: `${each} on ${here.fileSystem ?? 'an unknown file system'}; both hosts show a file of the same inode, size and time`,
          fix: { kind: 'option', label: 'It is shared: move it', options: { unsafe: true } },
        }),
      ]
    }
    return [
      error('disk-local', `Both hosts have a file at the path of disk ${disk.target}, but not the same one.`, {
        evidence: each,
        next: 'The one at the destination may belong to another VM. Moving without it would destroy data.',
        ...(canCopy ? { fix: copy } : {}),
      }),
    ]
  }
  return checkCache(disk, context)
}

/** Before QEMU 4.0 a file's cache at the destination could be stale after the switch (libvirt: QEMU_CAPS_MIGRATION_FILE_DROP_CACHE). */
function checkCache(disk: Disk, { domain, destination }: PreflightContext): Finding[] {
  const cache = disk.driver?.cache ?? 'default'
  const major = Number.parseInt(destination.facts.session.facts.hypervisorVersion, 10)
  if (!domain.isActive || disk.isReadOnly || cache === 'none' || cache === 'directsync' || major >= 4) return []
  return [about(`disk ${disk.target}`).error('disk-cache', `Disk ${disk.target} is cached by its host (${cache}), which is not safe to move with this QEMU.`, { next: 'Set cache="none" and start the VM anew.' })]
}

/** Keys of encrypted disks are libvirt secrets, and do not move. */
async function checkSecret(disk: Disk, { destination, signal }: PreflightContext): Promise<Finding[]> {
  const wanted = disk.encryption?.secretUuid
  if (!wanted) return []
  const { secrets } = await destination.facts.session.connection.call('connectListAllSecrets', { needResults: 1, flags: 0 }, { signal })
  if (secrets.some(({ uuid }) => uuid === wanted)) return []
  return [about(`disk ${disk.target}`).error('disk-secret', `${destination.name} does not have the secret that opens disk ${disk.target}.`, { evidence: `secret ${wanted}`, next: 'Define it there with the same UUID and value (virsh secret-define, secret-set-value).' })]
}
