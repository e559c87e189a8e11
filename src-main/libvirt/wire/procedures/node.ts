import { charsOf, int, list, nothing, opaqueOf, struct, uhyper, uint } from '../codec.ts'
import { maxCells } from '../limits.ts'
import { networkInterface, nodeDevice, string } from '../objects.ts'
import { typedParameter } from '../typed-parameter.ts'
import { remote, urgent } from './procedure.ts'

/** Asked with `nparams` 0 these answer how many there are, asked with that number they answer the values. */
const counters = list(struct({ field: string, value: uhyper }), 16)

/** The machine that the daemon runs on. */
export const nodeProcedures = {
  /** `memory` in KiB, `mhz` of the moment; `nodes` are NUMA nodes; sockets, cores and threads count per what contains them. */
  nodeGetInfo: urgent(
    6,
    nothing,
    struct({ model: charsOf(32, 'fixed'), memory: uhyper, cpus: int, mhz: int, nodes: int, sockets: int, cores: int, threads: int }),
  ),
  /** Nanoseconds since boot by kind of use; `cpuNum` -1 is the sum over all CPUs. */
  nodeGetCpuStats: urgent(227, struct({ cpuNum: int, nparams: int, flags: uint }), struct({ params: counters, nparams: int })),
  /** KiB; `cellNum` -1 is the whole machine. */
  nodeGetMemoryStats: urgent(228, struct({ nparams: int, cellNum: int, flags: uint }), struct({ params: counters, nparams: int })),
  nodeGetMemoryParameters: remote(289, struct({ nparams: int, flags: uint }), struct({ params: list(typedParameter, 64), nparams: int })),
  /** Bytes. */
  nodeGetFreeMemory: urgent(102, nothing, struct({ freeMem: uhyper })),
  /** Bytes per NUMA cell. */
  nodeGetCellsFreeMemory: urgent(101, struct({ startCell: int, maxcells: int }), struct({ cells: list(uhyper, maxCells) })),
  /** Page sizes in KiB; the counts come cell by cell, within a cell in the order of `pages`. */
  nodeGetFreePages: urgent(
    340,
    struct({ pages: list(uint, maxCells), startCell: int, cellCount: uint, flags: uint }),
    struct({ counts: list(uhyper, maxCells) }),
  ),
  /** One bit per CPU, lowest first; `ret` is the number of CPUs present. */
  nodeGetCpuMap: remote(
    293,
    struct({ needMap: int, needOnline: int, flags: uint }),
    struct({ cpumap: opaqueOf(2048), online: uint, ret: int }),
  ),
  nodeGetSecurityModel: urgent(122, nothing, struct({ model: charsOf(257, 'counted'), doi: charsOf(257, 'counted') })),
  nodeGetSevInfo: remote(395, struct({ nparams: int, flags: uint }), struct({ params: list(typedParameter, 64), nparams: int })),

  nodeDeviceLookupByName: urgent(113, struct({ name: string }), struct({ dev: nodeDevice })),
  nodeDeviceGetXmlDesc: remote(114, struct({ name: string, flags: uint }), struct({ xml: string })),
  interfaceLookupByName: urgent(128, struct({ name: string }), struct({ iface: networkInterface })),
  interfaceGetXmlDesc: remote(130, struct({ iface: networkInterface, flags: uint }), struct({ xml: string })),
}
