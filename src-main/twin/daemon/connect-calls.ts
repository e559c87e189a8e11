import { cpuCompareResults, driverFeatures, listDomainsFlags } from '../../libvirt/wire/constants/connect.ts'
import { parseRoot } from '../../libvirt/xml/document.ts'
import { childNamed, childrenNamed } from '../../libvirt/xml/edit.ts'
import { baseline, cpuModel, cpuModelNames } from '../cpu-models.ts'
import { domainCapabilitiesXml } from '../xml/capabilities-xml.ts'
import type { Daemon } from './daemon.ts'
import type { Domain } from './domain.ts'
import { domainEvents, type DomainEventName } from '../../libvirt/wire/events.ts'
import { Refusal } from './refusal.ts'
import type { Handlers } from './session.ts'
import { StatsEncoder } from './stats.ts'

const supported: ReadonlySet<number> = new Set(Object.values(driverFeatures).filter((feature) => feature !== driverFeatures.fdPassing))
const eventNames = new Map(Object.entries(domainEvents).map(([name, { id }]) => [id, name as DomainEventName]))

/** 9.0.0 as 9,000,000. */
export function packed(version: string): number {
  const [major = 0, minor = 0, release = 0] = version.split('.').map(Number)
  return major * 1_000_000 + minor * 1000 + release
}

/** The daemon as a whole. */
export function connectCalls(daemon: Daemon): Handlers {
  const { machine } = daemon
  const stats = new StatsEncoder(daemon)
  return {
    authList: () => ({ types: [0] }),
    connectOpen: ({ flags }, session) => {
      if ((flags & 1) !== 0) session.isReadOnly = true
    },
    connectClose: () => {},
    connectGetType: () => ({ type: 'QEMU' }),
    connectGetVersion: () => ({ hvVer: packed(machine.qemuVersion) }),
    connectGetLibVersion: () => ({ libVer: packed(machine.libvirtVersion) }),
    connectGetHostname: () => ({ hostname: machine.id }),
    connectGetUri: () => ({ uri: 'qemu:///system' }),
    connectGetCapabilities: () => ({ capabilities: machine.capabilities }),
    connectGetDomainCapabilities: ({ machine: type, virttype }) => {
      const capabilities = domainCapabilitiesXml(machine.facts, type, virttype)
      if (capabilities === null) throw new Refusal('VIR_ERR_INVALID_ARG', `invalid argument: the machine '${type}' is not supported by emulator '/usr/bin/qemu-system-x86_64'`)
      return { capabilities }
    },
    connectGetSysinfo: () => ({ sysinfo: `<sysinfo type='smbios'><system><entry name='manufacturer'>Drover</entry><entry name='product'>Simulated host</entry></system></sysinfo>` }),
    connectGetMaxVcpus: () => ({ maxVcpus: 288 }),
    connectIsSecure: () => ({ isSecure: true }),
    connectSupportsFeature: ({ feature }) => ({ supported: supported.has(feature) ? 1 : 0 }),
    connectRegisterCloseCallback: () => {},
    connectUnregisterCloseCallback: () => {},
    connectGetCpuModelNames: () => ({ models: cpuModelNames, ret: cpuModelNames.length }),
    connectCompareCpu: ({ xml, flags }) => compare(daemon, xml, flags),
    connectCompareHypervisorCpu: ({ xmlCpu, flags }) => compare(daemon, xmlCpu, flags),
    connectBaselineCpu: ({ xmlCpus }) => baselineOf(daemon, xmlCpus),
    connectBaselineHypervisorCpu: ({ xmlCpus }) => baselineOf(daemon, xmlCpus),
    connectListAllDomains: ({ flags }) => {
      const domains = [...machine.domains.values()].filter((domain) => isListed(domain, flags)).map(({ ref }) => ref)
      return { domains, ret: domains.length }
    },
    connectListAllInterfaces: () => ({ ifaces: [], ret: 0 }),
    connectListAllNodeDevices: () => ({ devices: [], ret: 0 }),
    connectListAllSecrets: () => ({ secrets: [], ret: 0 }),
    connectGetAllDomainStats: (args) => stats.answer(args),
    connectDomainEventCallbackRegisterAny: ({ eventId, dom }, session) => {
      const event = eventNames.get(eventId)
      if (!event) throw new Refusal('VIR_ERR_INVALID_ARG', `invalid argument: unsupported event ID ${eventId}`, 'VIR_FROM_REMOTE')
      return { callbackId: session.register({ event, uuid: dom?.uuid ?? null, name: null }) }
    },
    connectDomainEventCallbackDeregisterAny: ({ callbackId }, session) => session.deregister(callbackId),
    qemuConnectDomainMonitorEventRegister: ({ dom, event }, session) => ({ callbackId: session.register({ event: 'monitor', uuid: dom?.uuid ?? null, name: event }) }),
    qemuConnectDomainMonitorEventDeregister: ({ callbackId }, session) => session.deregister(callbackId),
  }
}

/** Flags of one kind are alternatives, kinds are combined. */
export function isListed(domain: Domain, flags: number): boolean {
  const { state } = domain.state
  const kinds: readonly (readonly [number, boolean])[][] = [
    [
      [listDomainsFlags.active, domain.isActive],
      [listDomainsFlags.inactive, !domain.isActive],
    ],
    [
      [listDomainsFlags.persistent, domain.isPersistent],
      [listDomainsFlags.transient, !domain.isPersistent],
    ],
    [
      [listDomainsFlags.running, state === 'running'],
      [listDomainsFlags.paused, state === 'paused'],
      [listDomainsFlags.shutoff, state === 'shutoff'],
    ],
    [
      [listDomainsFlags.managedsave, domain.hasManagedSave],
      [listDomainsFlags.noManagedsave, !domain.hasManagedSave],
    ],
    [
      [listDomainsFlags.autostart, domain.hasAutostart],
      [listDomainsFlags.noAutostart, !domain.hasAutostart],
    ],
  ]
  return kinds.every((kind) => {
    const wanted = kind.filter(([flag]) => (flags & flag) !== 0)
    return wanted.length === 0 || wanted.some(([, is]) => is)
  })
}

interface CpuAsked {
  readonly model: string | null
  readonly features: readonly string[]
}

function cpuOf(xml: string): CpuAsked {
  const cpu = parseRoot(xml, 'cpu')
  const named = childrenNamed(cpu, 'feature').filter((each) => !['disable', 'forbid', 'optional'].includes(each.getAttribute('policy') ?? 'require'))
  return { model: childNamed(cpu, 'model')?.textContent?.trim() || null, features: named.flatMap((each) => each.getAttribute('name') ?? []) }
}

/** What of a CPU the host's does not have. */
export function missingFeatures(hostModel: string, xmlCpu: string): string[] {
  const asked = cpuOf(xmlCpu)
  const has = cpuModel(hostModel).features
  const wanted = new Set([...(asked.model === null ? [] : cpuModel(asked.model).features), ...asked.features])
  return [...wanted].filter((feature) => !has.includes(feature))
}

function compare({ machine }: Daemon, xmlCpu: string, flags: number): { result: number } {
  const missing = missingFeatures(machine.cpuModel, xmlCpu)
  if (missing.length === 0) return { result: cpuCompareResults.superset }
  if ((flags & 1) !== 0) throw new Refusal('VIR_ERR_CPU_INCOMPATIBLE', `the CPU is incompatible with host CPU: Host CPU does not provide required features: ${missing.join(', ')}`, 'VIR_FROM_CPU')
  return { result: cpuCompareResults.incompatible }
}

function baselineOf({ machine }: Daemon, xmls: readonly string[]): { cpu: string } {
  const all = xmls.map(cpuOf).map(({ model, features }) => [...(model === null ? [] : cpuModel(model).features), ...features])
  const model = baseline(all, cpuModel(machine.cpuModel).vendor)
  return { cpu: `<cpu mode='custom' match='exact'><model fallback='forbid'>${model}</model><vendor>${cpuModel(model).vendor}</vendor></cpu>` }
}
