import { bool, charsOf, hyper, int, list, nothing, opaqueOf, struct, uhyper, uint } from '../codec.ts'
import { maxCpuMaps, maxPeek, maxObjects } from '../limits.ts'
import { domain, optionalString, string } from '../objects.ts'
import { typedParameter } from '../typed-parameter.ts'
import { remote, streaming, urgent } from './procedure.ts'

const domFlags = struct({ dom: domain, flags: uint })
const domXmlFlags = struct({ dom: domain, xml: string, flags: uint })
const domPathFlags = struct({ dom: domain, path: string, flags: uint })
const securityLabel = struct({ label: charsOf(4097, 'counted'), isEnforcing: bool })

/** A domain's parts: disks, interfaces, memory, CPUs, consoles. */
export const deviceProcedures = {
  domainAttachDeviceFlags: remote(160, domXmlFlags, nothing),
  domainDetachDeviceFlags: remote(161, domXmlFlags, nothing),
  /** Changes a medium or a link; how a CD is ejected. */
  domainUpdateDeviceFlags: remote(174, domXmlFlags, nothing),

  domainBlockStats: remote(
    64,
    struct({ dom: domain, path: string }),
    struct({ rdReq: hyper, rdBytes: hyper, wrReq: hyper, wrBytes: hyper, errs: hyper }),
  ),
  /** Bytes. */
  domainGetBlockInfo: remote(194, domPathFlags, struct({ allocation: uhyper, capacity: uhyper, physical: uhyper })),
  domainGetBlockJobInfo: remote(238, domPathFlags, struct({ found: int, type: int, bandwidth: uhyper, cur: uhyper, end: uhyper })),
  domainBlockJobAbort: remote(237, domPathFlags, nothing),
  domainGetDiskErrors: remote(
    263,
    struct({ dom: domain, maxerrors: uint, flags: uint }),
    struct({ errors: list(struct({ disk: string, error: int }), 256), nerrors: int }),
  ),
  domainGetFsinfo: remote(
    349,
    domFlags,
    struct({ info: list(struct({ mountpoint: string, name: string, fstype: string, devAliases: list(string, 256) }), 256), ret: uint }),
  ),
  domainInterfaceStats: urgent(
    65,
    struct({ dom: domain, device: string }),
    struct({
      rxBytes: hyper,
      rxPackets: hyper,
      rxErrs: hyper,
      rxDrop: hyper,
      txBytes: hyper,
      txPackets: hyper,
      txErrs: hyper,
      txDrop: hyper,
    }),
  ),
  domainInterfaceAddresses: remote(
    353,
    struct({ dom: domain, source: uint, flags: uint }),
    struct({
      ifaces: list(
        struct({ name: string, hwaddr: optionalString, addrs: list(struct({ type: int, addr: string, prefix: uint }), 2048) }),
        2048,
      ),
    }),
  ),
  /** Of a running guest's memory; libvirt has QEMU write it to a file of its own first. */
  domainMemoryPeek: remote(104, struct({ dom: domain, offset: uhyper, size: uint, flags: uint }), struct({ buffer: opaqueOf(maxPeek) })),
  domainMemoryStats: remote(
    159,
    struct({ dom: domain, maxStats: uint, flags: uint }),
    struct({ stats: list(struct({ tag: int, val: uhyper }), 1024) }),
  ),
  domainGetMaxMemory: urgent(17, struct({ dom: domain }), struct({ memory: uhyper })),
  domainSetMemoryFlags: remote(204, struct({ dom: domain, memory: uhyper, flags: uint }), nothing),
  domainGetMemoryParameters: remote(
    198,
    struct({ dom: domain, nparams: int, flags: uint }),
    struct({ params: list(typedParameter, 16), nparams: int }),
  ),
  domainGetVcpus: urgent(
    20,
    struct({ dom: domain, maxinfo: int, maplen: int }),
    struct({ info: list(struct({ number: uint, state: int, cpuTime: uhyper, cpu: int }), maxObjects), cpumaps: opaqueOf(maxCpuMaps) }),
  ),
  domainGetVcpusFlags: remote(200, domFlags, struct({ num: int })),
  domainSetVcpusFlags: remote(199, struct({ dom: domain, nvcpus: uint, flags: uint }), nothing),
  domainGetSecurityLabelList: urgent(278, struct({ dom: domain }), struct({ labels: list(securityLabel, 64), ret: int })),
  domainGetLaunchSecurityInfo: remote(396, domFlags, struct({ params: list(typedParameter, 64) })),
  domainGetGuestInfo: remote(418, struct({ dom: domain, types: uint, flags: uint }), struct({ params: list(typedParameter, 2048) })),
  domainGetHostname: remote(277, domFlags, struct({ hostname: string })),
  /** Asks the guest agent. */
  domainGetTime: remote(337, domFlags, struct({ seconds: hyper, nseconds: uint })),
  domainSendKey: remote(226, struct({ dom: domain, codeset: uint, holdtime: uint, keycodes: list(uint, 16), flags: uint }), nothing),

  /** The first serial console where `devName` is null. */
  domainOpenConsole: streaming(201, 'both', struct({ dom: domain, devName: optionalString, flags: uint }), nothing),
  domainOpenChannel: streaming(296, 'both', struct({ dom: domain, name: optionalString, flags: uint }), nothing),
  domainScreenshot: streaming(211, 'read', struct({ dom: domain, screen: uint, flags: uint }), struct({ mime: optionalString })),
}
