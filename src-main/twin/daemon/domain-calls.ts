import { xmlFlags } from '../../libvirt/wire/constants/domain-flags.ts'
import { dirtied } from '../physics/dirtying.ts'
import { serveConsole } from './console.ts'
import type { Daemon } from './daemon.ts'
import type { Domain } from './domain.ts'
import { namesOf } from './names-of.ts'
import { Refusal } from './refusal.ts'
import type { Handlers } from './session.ts'

/** Virtual ms that a guest takes to shut down, and a QEMU to be ended or to write its memory to a file. */
const shutdownMs = 3000
const endMs = 120

function invalid(what: string): Refusal {
  return new Refusal('VIR_ERR_OPERATION_INVALID', `Requested operation is not valid: ${what}`)
}

/** A domain's life. */
export function domainCalls(daemon: Daemon): Handlers {
  const { machine, world } = daemon
  const start = async (domain: Domain): Promise<void> => {
    if (domain.isActive) throw invalid('domain is already running')
    if (domain.guest.about.memoryMiB * 1024 > machine.about.memoryMiB * 1024 * 1.5) throw new Refusal('VIR_ERR_INTERNAL_ERROR', 'internal error: process exited while connecting to monitor: cannot set up guest memory: Cannot allocate memory')
    await daemon.work(machine.costs.prepareMs)
    domain.hasManagedSave = false
    domain.guest.reset(world.clock.lived)
    daemon.boot(domain, { state: 'running', reason: 'booted' })
    daemon.lifecycle(domain, 'started', 'booted')
    daemon.lifecycle(domain, 'resumed', 'unpaused')
  }
  return {
    domainLookupById: ({ id }) => {
      const found = [...machine.domains.values()].find((domain) => domain.id === id)
      if (!found) throw new Refusal('VIR_ERR_NO_DOMAIN', `Domain not found: no domain with matching id ${id}`)
      return { dom: found.ref }
    },
    domainLookupByName: ({ name }) => {
      const found = [...machine.domains.values()].find((domain) => domain.name === name)
      if (!found) throw new Refusal('VIR_ERR_NO_DOMAIN', `Domain not found: no domain with matching name '${name}'`)
      return { dom: found.ref }
    },
    domainLookupByUuid: ({ uuid }) => ({ dom: daemon.domain({ uuid, name: uuid }).ref }),
    domainGetInfo: ({ dom }) => {
      const { guest, numbers } = daemon.domain(dom)
      const memory = guest.about.memoryMiB * 1024
      return { state: numbers.state, maxMem: memory, memory, nrVirtCpu: guest.about.vcpus, cpuTime: guest.counters(world.clock.lived).cpuNs }
    },
    domainGetState: ({ dom }) => daemon.domain(dom).numbers,
    domainGetControlInfo: ({ dom }) => {
      daemon.active(dom)
      return { state: 0, details: 0, stateTime: 0 }
    },
    domainGetXmlDesc: ({ dom, flags }) => {
      const domain = daemon.domain(dom)
      return { xml: (flags & xmlFlags.inactive) !== 0 ? (domain.inactiveXml ?? domain.xml) : domain.xml }
    },
    domainIsActive: ({ dom }) => ({ isActive: daemon.domain(dom).isActive }),
    domainIsPersistent: ({ dom }) => ({ isPersistent: daemon.domain(dom).isPersistent }),
    domainIsUpdated: ({ dom }) => {
      daemon.domain(dom)
      return { isUpdated: false }
    },
    domainGetAutostart: ({ dom }) => ({ isAutostart: daemon.domain(dom).hasAutostart }),
    domainSetAutostart: ({ dom, isAutostart }) => {
      const domain = daemon.domain(dom)
      if (!domain.isPersistent) throw invalid('cannot set autostart for transient domain')
      domain.hasAutostart = isAutostart
    },
    domainGetMessages: ({ dom }) => {
      daemon.domain(dom)
      return { msgs: [] }
    },
    domainDefineXmlFlags: ({ xml }) => ({ dom: daemon.define(xml).ref }),
    domainUndefineFlags: ({ dom }) => {
      const domain = daemon.domain(dom)
      if (!domain.isPersistent) throw invalid('cannot undefine transient domain')
      domain.inactiveXml = null
      domain.hasAutostart = false
      if (!domain.isActive) machine.domains.delete(domain.uuid)
      daemon.lifecycle(domain, 'undefined', 'removed')
    },
    domainCreateXml: async ({ xmlDesc }) => {
      const { uuid } = namesOf(xmlDesc)
      const known = machine.domains.get(uuid)
      const domain = known ?? daemon.define(xmlDesc)
      if (!known) domain.inactiveXml = null
      domain.liveXml = xmlDesc
      await start(domain)
      return { dom: domain.ref }
    },
    domainCreateWithFlags: async ({ dom }) => {
      const domain = daemon.domain(dom)
      await start(domain)
      return { dom: domain.ref }
    },
    domainShutdownFlags: ({ dom }) => {
      const domain = daemon.free(daemon.active(dom))
      world.clock.after(shutdownMs, () => {
        if (!domain.isActive || domain.job) return
        daemon.lifecycle(domain, 'shutdown', 'guest')
        daemon.end(domain, 'shutdown')
      })
    },
    domainReboot: ({ dom }) => {
      const domain = daemon.free(daemon.active(dom))
      for (const session of machine.sessions) session.tell('reboot', { dom: domain.ref })
    },
    domainReset: ({ dom }) => void daemon.free(daemon.active(dom)),
    domainSuspend: ({ dom }) => {
      const domain = daemon.active(dom)
      if (domain.state.state === 'paused') return
      domain.guest.halt(world.clock.lived)
      domain.state = { state: 'paused', reason: 'user' }
      daemon.lifecycle(domain, 'suspended', 'paused')
    },
    domainResume: ({ dom }) => {
      const domain = daemon.free(daemon.active(dom))
      if (domain.state.state === 'running') throw invalid('domain is already running')
      if (domain.state.reason === 'postcopy' || domain.state.reason === 'postcopy-failed') throw invalid('domain is in the middle of a post-copy migration')
      domain.guest.run(world.clock.lived)
      domain.state = { state: 'running', reason: 'unpaused' }
      daemon.lifecycle(domain, 'resumed', 'unpaused')
    },
    domainDestroyFlags: async ({ dom }) => {
      const domain = daemon.active(dom)
      if (domain.job?.kind === 'out') domain.job.migration?.fail('domain was destroyed')
      await daemon.work(endMs)
      if (domain.isActive) daemon.end(domain, 'destroyed', domain.state.state === 'paused' && world.runsElsewhere(domain, machine))
    },
    domainManagedSave: async ({ dom }) => {
      const domain = daemon.free(daemon.active(dom))
      if (!domain.isPersistent) throw invalid('cannot do managed save for transient domain')
      domain.guest.halt(world.clock.lived)
      await daemon.work(endMs + domain.guest.usedBytes / (machine.costs.diskBytesPerSecond / 1000))
      domain.hasManagedSave = true
      daemon.end(domain, 'saved')
    },
    domainSave: async ({ dom, to }) => {
      const domain = daemon.free(daemon.active(dom))
      domain.guest.halt(world.clock.lived)
      await daemon.work(endMs + domain.guest.usedBytes / (machine.costs.diskBytesPerSecond / 1000))
      machine.states.set(to, Buffer.from(domain.xml))
      daemon.end(domain, 'saved')
    },
    domainRestore: async ({ from }) => {
      const state = machine.states.get(from)
      if (!state) throw new Refusal('VIR_ERR_OPERATION_FAILED', `Failed to open file '${from}': No such file or directory`)
      const xml = state.toString('utf8')
      const { uuid } = namesOf(xml)
      const known = machine.domains.get(uuid)
      if (known?.isActive) throw invalid(`domain '${known.name}' is already active`)
      const domain = known ?? daemon.define(xml)
      if (!known) domain.inactiveXml = null
      domain.liveXml = xml
      await daemon.work(machine.costs.prepareMs + domain.guest.usedBytes / (machine.costs.diskBytesPerSecond / 1000))
      daemon.boot(domain, { state: 'running', reason: 'restored' })
      daemon.lifecycle(domain, 'started', 'restored')
      daemon.lifecycle(domain, 'resumed', 'unpaused')
    },
    domainHasManagedSaveImage: ({ dom }) => ({ result: daemon.domain(dom).hasManagedSave ? 1 : 0 }),
    domainManagedSaveRemove: ({ dom }) => void (daemon.domain(dom).hasManagedSave = false),
    domainListAllSnapshots: ({ dom, needResults }) => {
      const { guest, ref } = daemon.domain(dom)
      const snapshots = (guest.about.snapshots ?? []).map((name) => ({ name, domain: ref }))
      return { snapshots: needResults === 0 ? [] : snapshots, ret: snapshots.length }
    },
    domainUpdateDeviceFlags: ({ dom }) => void daemon.free(daemon.domain(dom)),
    domainGetBlockInfo: ({ dom, path }) => {
      const { guest } = daemon.domain(dom)
      const disk = guest.about.disks?.[path.charCodeAt(path.length - 1) - 97]
      if (!disk) throw new Refusal('VIR_ERR_INVALID_ARG', `invalid argument: invalid path ${path} not assigned to domain`)
      const used = Math.round((disk.usedGiB ?? disk.sizeGiB / 3) * 1024 ** 3)
      return { allocation: used, capacity: Math.round(disk.sizeGiB * 1024 ** 3), physical: used }
    },
    domainStartDirtyRateCalc: ({ dom, seconds }) => {
      const domain = daemon.free(daemon.active(dom))
      const pages = domain.guest.isRunning ? dirtied(domain.guest.dirtying, seconds * 1000, domain.guest.share) : 0
      domain.dirtyRate = { startedAt: world.clock.now, seconds, mibPerSecond: Math.floor(pages / 256 / seconds) }
    },
    domainOpenConsole: ({ dom }, session, frame) => serveConsole(daemon, daemon.active(dom), session, frame),
  }
}
