import { cpuModel } from '../cpu-models.ts'
import { uuidOf } from '../physics/random.ts'
import type { Daemon } from './daemon.ts'
import { Refusal } from './refusal.ts'
import type { Handlers } from './session.ts'

/** What Linux itself keeps of a machine's memory as caches, of what is free. */
const cacheShare = 0.12
const networkName = 'default'

/** The machine, and the one network that every simulated host has. */
export function nodeCalls(daemon: Daemon): Handlers {
  const { machine, world } = daemon
  const { about } = machine
  const memory = () => {
    const total = about.memoryMiB * 1024
    const free = total - machine.usedMemoryKiB
    const cached = Math.round(free * cacheShare)
    return [
      { field: 'total', value: total },
      { field: 'free', value: free - cached },
      { field: 'buffers', value: 0 },
      { field: 'cached', value: cached },
    ]
  }
  const net = { name: networkName, uuid: uuidOf('network default') }
  const known = (name: string) => {
    if (name !== networkName) throw new Refusal('VIR_ERR_NO_NETWORK', `Network not found: no network with matching name '${name}'`, 'VIR_FROM_NETWORK')
    return { net }
  }
  let [lived, idle, user] = [0, 0, 0]
  /** Nanoseconds since the world began; the load of the moment counts for the time since the last look. */
  const cpu = () => {
    const passed = (world.clock.lived - lived) * 1e6 * about.cpus
    lived = world.clock.lived
    const busy = Math.min(1, machine.cpuLoad + 0.01)
    user += passed * busy
    idle += passed * (1 - busy)
    return [
      { field: 'kernel', value: Math.round(user * 0.15) },
      { field: 'user', value: Math.round(user * 0.85) },
      { field: 'idle', value: Math.round(idle) },
      { field: 'iowait', value: 0 },
    ]
  }
  return {
    nodeGetInfo: () => ({ model: 'x86_64', memory: about.memoryMiB * 1024, cpus: about.cpus, mhz: about.cpuMhz ?? 2600, nodes: 1, sockets: 1, cores: about.cpus, threads: 1 }),
    nodeGetCpuStats: ({ nparams }) => (nparams === 0 ? { params: [], nparams: 4 } : { params: cpu(), nparams: 4 }),
    nodeGetMemoryStats: ({ nparams }) => (nparams === 0 ? { params: [], nparams: 4 } : { params: memory(), nparams: 4 }),
    nodeGetFreeMemory: () => ({ freeMem: (memory()[1]?.value ?? 0) * 1024 }),
    nodeGetCellsFreeMemory: () => ({ cells: [(memory()[1]?.value ?? 0) * 1024] }),
    nodeGetFreePages: ({ pages }) => ({ counts: pages.map((size) => (size === 4 ? Math.floor((memory()[1]?.value ?? 0) / 4) : 0)) }),
    nodeGetSecurityModel: () => ({ model: 'none', doi: '0' }),
    nodeGetSevInfo: () => {
      throw new Refusal('VIR_ERR_OPERATION_UNSUPPORTED', `Operation not supported: QEMU does not support SEV guest (${cpuModel(machine.cpuModel).vendor})`)
    },
    connectListAllNetworks: () => ({ nets: [net], ret: 1 }),
    networkLookupByName: ({ name }) => known(name),
    networkLookupByUuid: ({ uuid }) => known(uuid === net.uuid ? networkName : uuid),
    networkGetXmlDesc: () => ({ xml: `<network><name>${networkName}</name><uuid>${net.uuid}</uuid><forward mode='bridge'/><bridge name='br0'/></network>` }),
    networkGetBridgeName: () => ({ name: 'br0' }),
    networkGetAutostart: () => ({ isAutostart: true }),
    networkIsActive: () => ({ isActive: true }),
    networkIsPersistent: () => ({ isPersistent: true }),
    networkGetDhcpLeases: () => ({ leases: [], ret: 0 }),
  }
}
