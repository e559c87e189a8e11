import { bool, int, list, nothing, struct, uhyper, uint } from '../codec.ts'
import { maxObjects } from '../limits.ts'
import { domain, optionalString, snapshot, string, uuid } from '../objects.ts'
import { remote, urgent } from './procedure.ts'

const dom = struct({ dom: domain })
const domFlags = struct({ dom: domain, flags: uint })

/** A domain's life: finding, defining, starting, stopping. */
export const domainProcedures = {
  domainLookupById: urgent(22, struct({ id: int }), dom),
  domainLookupByName: urgent(23, struct({ name: string }), dom),
  domainLookupByUuid: urgent(24, struct({ uuid }), dom),

  /** Memory in KiB, `cpuTime` in ns. */
  domainGetInfo: remote(16, dom, struct({ state: uint, maxMem: uhyper, memory: uhyper, nrVirtCpu: uint, cpuTime: uhyper })),
  domainGetState: urgent(212, domFlags, struct({ state: int, reason: int })),
  domainGetControlInfo: urgent(229, domFlags, struct({ state: uint, details: uint, stateTime: uhyper })),
  domainGetXmlDesc: remote(14, domFlags, struct({ xml: string })),
  domainIsActive: urgent(150, dom, struct({ isActive: bool })),
  domainIsPersistent: urgent(151, dom, struct({ isPersistent: bool })),
  domainIsUpdated: urgent(202, dom, struct({ isUpdated: bool })),
  domainGetAutostart: urgent(15, dom, struct({ isAutostart: bool })),
  domainSetAutostart: urgent(29, struct({ dom: domain, isAutostart: bool }), nothing),
  domainGetMetadata: remote(265, struct({ dom: domain, type: int, uri: optionalString, flags: uint }), struct({ metadata: string })),
  domainGetMessages: remote(426, domFlags, struct({ msgs: list(string, 2048) })),

  domainDefineXmlFlags: urgent(350, struct({ xml: string, flags: uint }), dom),
  domainUndefineFlags: urgent(231, domFlags, nothing),
  domainCreateXml: remote(10, struct({ xmlDesc: string, flags: uint }), dom),
  domainCreateWithFlags: remote(196, domFlags, dom),
  domainShutdownFlags: remote(258, domFlags, nothing),
  domainReboot: remote(27, domFlags, nothing),
  domainReset: remote(245, domFlags, nothing),
  domainSuspend: remote(34, dom, nothing),
  domainResume: remote(28, dom, nothing),
  domainDestroyFlags: urgent(234, domFlags, nothing),
  /** Memory and devices to a file of the host; the domain is off afterwards. */
  domainSave: remote(55, struct({ dom: domain, to: string }), nothing),
  domainRestore: remote(54, struct({ from: string }), nothing),
  domainManagedSave: remote(182, domFlags, nothing),
  domainHasManagedSaveImage: remote(183, domFlags, struct({ result: int })),
  domainManagedSaveRemove: remote(184, domFlags, nothing),
  domainListAllSnapshots: remote(
    274,
    struct({ dom: domain, needResults: int, flags: uint }),
    struct({ snapshots: list(snapshot, maxObjects), ret: int }),
  ),
}
