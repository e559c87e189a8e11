import type { VmRef } from '../../../contract/vm.ts'
import { Failure } from '../../../base/failure.ts'
import type { Connection } from '../../../libvirt/client/connection.ts'
import { isLibvirtError } from '../../../libvirt/client/libvirt-error.ts'
import { xmlFlags } from '../../../libvirt/wire/constants/domain-flags.ts'
import type { DomainRef } from '../../../libvirt/wire/objects.ts'
import { readDomain } from '../../../libvirt/xml/domain/domain.ts'
import type { HostSession } from '../../host/host-session.ts'
import type { PreflightDomain } from '../preflight/check.ts'

/** A VM as its host describes it now, with libvirt's own name for it. */
export interface VmOnHost extends PreflightDomain {
  readonly ref: DomainRef
}

/** Reads a VM in one round of pipelined calls. Rejects with `vm-gone` when the host has no such VM, or what libvirt says. */
export async function readVm(session: HostSession, vm: VmRef, signal: AbortSignal): Promise<VmOnHost> {
  const { connection } = session
  const dom = await lookUp(connection, vm, session.name, signal)
  // A read-only connection is not told secrets; such a host can be looked at, not moved from.
  const secure = connection.isReadOnly ? 0 : xmlFlags.secure
  const options = { signal }
  const [live, state, persistent, saved, snapshots] = await Promise.all([
    connection.call('domainGetXmlDesc', { dom, flags: secure }, options),
    connection.call('domainGetState', { dom, flags: 0 }, options),
    connection.call('domainIsPersistent', { dom }, options),
    connection.call('domainHasManagedSaveImage', { dom, flags: 0 }, options).catch(() => ({ result: 0 })),
    connection.call('domainListAllSnapshots', { dom, needResults: 0, flags: 0 }, options).catch(() => null),
  ])
  const inactiveXml = persistent.isPersistent ? (await connection.call('domainGetXmlDesc', { dom, flags: secure | xmlFlags.inactive }, options)).xml : null
  return {
    ref: dom,
    name: dom.name,
    uuid: dom.uuid,
    live: readDomain(live.xml),
    inactive: inactiveXml === null ? null : readDomain(inactiveXml),
    liveXml: live.xml,
    inactiveXml,
    isActive: dom.id >= 0,
    isPersistent: persistent.isPersistent,
    state: state.state,
    reason: state.reason,
    hasManagedSave: saved.result > 0,
    snapshots: snapshots?.ret ?? null,
  }
}

/** XML to be adjusted for the destination (see withMigrationAdjustments): of the running VM, or of its definition. Secret. */
export async function readMigratableXml(connection: Connection, dom: DomainRef, which: 'live' | 'inactive', signal: AbortSignal): Promise<string> {
  const flags = xmlFlags.secure | xmlFlags.migratable | (which === 'inactive' ? xmlFlags.inactive : 0)
  return (await connection.call('domainGetXmlDesc', { dom, flags }, { signal })).xml
}

async function lookUp(connection: Connection, vm: VmRef, host: string, signal: AbortSignal): Promise<DomainRef> {
  try {
    return (await connection.call('domainLookupByUuid', { uuid: vm.uuid }, { signal })).dom
  } catch (thrown) {
    if (!isLibvirtError(thrown, 'VIR_ERR_NO_DOMAIN')) throw thrown
    throw new Failure('vm-gone', `${host} has no such VM any more.`, { evidence: thrown.message, next: 'It may have been moved or undefined by somebody else.', cause: thrown })
  }
}
