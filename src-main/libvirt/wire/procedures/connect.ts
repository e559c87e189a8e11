import { bool, int, list, nothing, optional, struct, uhyper, uint } from '../codec.ts'
import { maxCpuModels, maxNodeDevices, maxObjects, maxStatsParameters } from '../limits.ts'
import { domain, network, networkInterface, nodeDevice, optionalString, secret, storagePool, string } from '../objects.ts'
import { typedParameter } from '../typed-parameter.ts'
import { remote, urgent } from './procedure.ts'

const flagsOnly = struct({ flags: uint })
const listing = struct({ needResults: int, flags: uint })
const hypervisor = { emulator: optionalString, arch: optionalString, machine: optionalString, virttype: optionalString }

/** The daemon as a whole: who it is, what it can, what it has. */
export const connectProcedures = {
  authList: urgent(66, nothing, struct({ types: list(int, 20) })),
  authPolkit: urgent(70, nothing, struct({ complete: int })),
  connectOpen: urgent(1, struct({ name: optionalString, flags: uint }), nothing),
  connectClose: urgent(2, nothing, nothing),
  connectGetType: urgent(3, nothing, struct({ type: string })),
  /** The hypervisor's version: major * 1,000,000 + minor * 1,000 + release. */
  connectGetVersion: urgent(4, nothing, struct({ hvVer: uhyper })),
  connectGetLibVersion: urgent(157, nothing, struct({ libVer: uhyper })),
  connectGetHostname: urgent(59, nothing, struct({ hostname: string })),
  connectGetUri: urgent(110, nothing, struct({ uri: string })),
  connectGetCapabilities: remote(7, nothing, struct({ capabilities: string })),
  connectGetDomainCapabilities: remote(
    342,
    struct({ emulatorbin: optionalString, arch: optionalString, machine: optionalString, virttype: optionalString, flags: uint }),
    struct({ capabilities: string }),
  ),
  connectGetStoragePoolCapabilities: remote(403, flagsOnly, struct({ capabilities: string })),
  connectGetSysinfo: urgent(203, flagsOnly, struct({ sysinfo: string })),
  connectGetMaxVcpus: urgent(5, struct({ type: optionalString }), struct({ maxVcpus: int })),
  connectIsSecure: urgent(149, nothing, struct({ isSecure: bool })),
  /** `feature` is one of driverFeatures. */
  connectSupportsFeature: urgent(60, struct({ feature: int }), struct({ supported: int })),
  connectRegisterCloseCallback: urgent(360, nothing, nothing),
  connectUnregisterCloseCallback: urgent(361, nothing, nothing),

  connectGetCpuModelNames: remote(
    312,
    struct({ arch: string, needResults: int, flags: uint }),
    struct({ models: list(string, maxCpuModels), ret: int }),
  ),
  connectCompareCpu: urgent(158, struct({ xml: string, flags: uint }), struct({ result: int })),
  connectCompareHypervisorCpu: remote(393, struct({ ...hypervisor, xmlCpu: string, flags: uint }), struct({ result: int })),
  connectBaselineCpu: remote(162, struct({ xmlCpus: list(string, 256), flags: uint }), struct({ cpu: string })),
  connectBaselineHypervisorCpu: remote(394, struct({ ...hypervisor, xmlCpus: list(string, 256), flags: uint }), struct({ cpu: string })),

  connectListAllDomains: urgent(273, listing, struct({ domains: list(domain, maxObjects), ret: uint })),
  connectListAllStoragePools: urgent(281, listing, struct({ pools: list(storagePool, maxObjects), ret: uint })),
  connectListAllNetworks: urgent(283, listing, struct({ nets: list(network, maxObjects), ret: uint })),
  connectListAllInterfaces: urgent(284, listing, struct({ ifaces: list(networkInterface, maxObjects), ret: uint })),
  connectListAllNodeDevices: urgent(285, listing, struct({ devices: list(nodeDevice, maxNodeDevices), ret: uint })),
  connectListAllSecrets: urgent(287, listing, struct({ secrets: list(secret, maxObjects), ret: uint })),
  /** One call for everything that moves: `stats` is a union of statsGroups, no domains means all that `flags` let through. */
  connectGetAllDomainStats: remote(
    344,
    struct({ doms: list(domain, maxObjects), stats: uint, flags: uint }),
    struct({ retStats: list(struct({ dom: domain, params: list(typedParameter, maxStatsParameters) }), maxObjects) }),
  ),
  /** `dom` null means every domain; `eventId` is that of the events table. */
  connectDomainEventCallbackRegisterAny: urgent(316, struct({ eventId: int, dom: optional(domain) }), struct({ callbackId: int })),
  connectDomainEventCallbackDeregisterAny: urgent(317, struct({ callbackId: int }), nothing),
}
