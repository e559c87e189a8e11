import type { Fix, MovePlan } from '../../contract/migration.ts'
import { Failure } from '../../base/failure.ts'
import { parseRoot, serialise } from '../../libvirt/xml/document.ts'
import { childNamed, childrenNamed } from '../../libvirt/xml/edit.ts'
import { withMigrationAdjustments } from '../../libvirt/xml/domain/migration-adjustments.ts'
import { deviceModifyFlags } from '../../libvirt/wire/constants/domain-flags.ts'
import type { Hosts } from '../host/hosts.ts'
import { readVm } from './vm/read-vm.ts'

/** Carries out the fix of a finding. Those that only change the plan belong to the dialog. Rejects with `fix-unknown`, or what libvirt says. */
export async function applyFix(plan: MovePlan, fix: Fix, hosts: Pick<Hosts, 'session' | 'update' | 'reconnect'>, signal: AbortSignal): Promise<void> {
  if (fix.kind === 'option') throw new Failure('fix-unknown', 'This fix changes the plan, not a host.')
  switch (fix.action) {
    case 'eject-media':
      return ejectMedium(plan, fix.argument, hosts, signal)
    case 'set-migration-address':
      await hosts.update(plan.destination, { migrationAddress: fix.argument === '' ? null : fix.argument })
      return
    case 'reconnect-host':
      hosts.reconnect(fix.argument)
  }
}

/** Takes the medium out of a drive of the VM, where it runs and in its definition. */
async function ejectMedium({ vm }: MovePlan, target: string, hosts: Pick<Hosts, 'session'>, signal: AbortSignal): Promise<void> {
  const session = hosts.session(vm.host)
  const domain = await readVm(session, vm, signal)
  const change = async (xml: string, flags: number) => {
    await session.connection.call('domainUpdateDeviceFlags', { dom: domain.ref, xml: emptyDrive(xml, target), flags }, { signal })
  }
  if (domain.isActive) await change(domain.liveXml, deviceModifyFlags.live)
  if (domain.inactiveXml !== null && domain.inactive?.devices.disks.some((disk) => disk.target === target)) await change(domain.inactiveXml, deviceModifyFlags.config)
}

/** The drive's element without a medium. */
function emptyDrive(domainXml: string, target: string): string {
  const devices = childNamed(parseRoot(withMigrationAdjustments(domainXml, { ejected: [target] }), 'domain'), 'devices')
  const drive = devices && childrenNamed(devices, 'disk').find((disk) => childNamed(disk, 'target')?.getAttribute('dev') === target)
  if (!drive) throw new Failure('xml-adjustment', `The VM has no drive ${target}.`)
  return serialise(drive)
}
