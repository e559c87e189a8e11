import type { VmDetails, VmRef } from '../../contract/vm.ts'
import type { Connection } from '../../libvirt/client/connection.ts'
import { xmlFlags } from '../../libvirt/wire/constants/domain-flags.ts'
import { describeDevices } from '../../libvirt/xml/domain/describe-devices.ts'
import { firmwareOf } from '../../libvirt/xml/domain/boot.ts'
import { readDomain, type Domain } from '../../libvirt/xml/domain/domain.ts'
import { withoutSecrets } from '../../libvirt/xml/domain/without-secrets.ts'

/** Everything of a VM's page that is no figure. The XML is asked for without secrets, and cleared of what guests' own arguments may hold. */
export async function readVmDetails(connection: Connection, ref: VmRef, signal: AbortSignal): Promise<VmDetails> {
  const options = { signal }
  const { dom } = await connection.call('domainLookupByUuid', { uuid: ref.uuid }, options)
  const [live, { isActive }, { isPersistent }] = await Promise.all([
    connection.call('domainGetXmlDesc', { dom, flags: 0 }, options),
    connection.call('domainIsActive', { dom }, options),
    connection.call('domainIsPersistent', { dom }, options),
  ])
  const later = isActive && isPersistent ? await connection.call('domainGetXmlDesc', { dom, flags: xmlFlags.inactive }, options) : null
  const domain = readDomain(live.xml)
  return {
    ref,
    devices: describeDevices(domain).map(({ kind, label, detail }) => ({ kind, label, detail })),
    cpu: cpuText(domain),
    machine: domain.boot.machine?.name ?? 'unknown',
    firmware: firmwareText(domain),
    xml: withoutSecrets(live.xml),
    inactiveXml: later && withoutSecrets(later.xml),
  }
}

function cpuText({ cpu, vcpus }: Domain): string {
  const count = `${vcpus.current ?? vcpus.count} vCPU`
  if (!cpu) return `${count}, hypervisor's default model`
  return [count, cpu.mode, cpu.model].filter(Boolean).join(', ')
}

function firmwareText({ boot }: Domain): string {
  if (firmwareOf(boot) === 'bios') return 'BIOS'
  return boot.loader?.path ? `UEFI, ${boot.loader.path}` : 'UEFI'
}
