import { jobStatsFlags, jobTypes, maxSpeedFlags } from '../../libvirt/wire/constants/job.ts'
import { migrateFlags, migrateParameters } from '../../libvirt/wire/constants/migrate.ts'
import { TypedParameters, type TypedParameter } from '../../libvirt/wire/typed-parameter.ts'
import { readDomain } from '../../libvirt/xml/domain/domain.ts'
import { comparableCpu } from '../../libvirt/xml/domain/comparable-cpu.ts'
import { Migration } from '../physics/migration.ts'
import { displayedAt } from '../xml/vm-xml.ts'
import { missingFeatures } from './connect-calls.ts'
import type { Daemon } from './daemon.ts'
import { Domain, type DomainJob } from './domain.ts'
import { jobInfo, migrationParameters, noJob } from './job-stats.ts'
import { namesOf } from './names-of.ts'
import { Refusal } from './refusal.ts'
import type { Handlers } from './session.ts'

const bytesPerMs = (mibPerSecond: number) => (mibPerSecond > 0 ? (mibPerSecond * 1024 * 1024) / 1000 : Infinity)
const has = (flags: number, name: keyof typeof migrateFlags) => (flags & migrateFlags[name]) !== 0
const firstPort = 49_152

type Out = Extract<DomainJob, { kind: 'out' }>

/** Moving a domain: the five calls with their error rules (virDomainMigrateVersion3Full; qemu_migration.c), and the job that does it. */
export function migrationCalls(daemon: Daemon): Handlers {
  const { machine, world } = daemon
  const outOf = (ref: { readonly uuid: string; readonly name: string }): { domain: Domain; job: Out } => {
    const domain = daemon.active(ref)
    if (domain.job?.kind !== 'out') throw new Refusal('VIR_ERR_OPERATION_INVALID', `Requested operation is not valid: domain '${domain.name}' is not being migrated`)
    return { domain, job: domain.job }
  }
  const migrationOf = (ref: { readonly uuid: string; readonly name: string }): Migration => {
    const domain = daemon.active(ref)
    const migration = domain.job?.kind === 'out' ? domain.job.migration : null
    if (!migration) throw new Refusal('VIR_ERR_OPERATION_INVALID', 'Requested operation is not valid: domain is not being migrated')
    return migration
  }
  return {
    domainMigrateBegin3Params: async ({ dom, params, flags }, owner) => {
      const domain = daemon.domain(dom)
      const given = new TypedParameters(params)
      const xml = given.string(migrateParameters.destXml) ?? domain.xml
      const snapshots = domain.guest.about.snapshots?.length ?? 0
      if (snapshots > 0) throw new Refusal('VIR_ERR_OPERATION_INVALID', `Requested operation is not valid: cannot migrate domain with ${snapshots} snapshots`)
      if (has(flags, 'offline')) {
        if (domain.isActive) throw new Refusal('VIR_ERR_OPERATION_INVALID', 'Requested operation is not valid: offline migration cannot be used for a running domain')
        return { cookieOut: Buffer.alloc(0), xml }
      }
      if (!domain.isActive) throw new Refusal('VIR_ERR_OPERATION_INVALID', 'Requested operation is not valid: domain is not running')
      if (has(flags, 'postcopyResume')) {
        if (domain.state.reason !== 'postcopy-failed') throw new Refusal('VIR_ERR_OPERATION_INVALID', `Requested operation is not valid: migration of domain ${domain.name} is not in post-copy phase`)
        return { cookieOut: cookie(domain, machine.uuid), xml }
      }
      if (domain.job) throw new Refusal('VIR_ERR_OPERATION_INVALID', `Requested operation is not valid: another migration job is already running for domain '${domain.name}'`)
      const job: Out = { kind: 'out', phase: 'begun', owner, flags, migration: null, startedAt: world.clock.now }
      domain.job = job
      domain.lastJob = null
      owner.onDidClose(() => sourceOwnerLeft(domain, job))
      await daemon.work(machine.costs.beginMs)
      return { cookieOut: cookie(domain, machine.uuid), xml }
    },

    domainMigratePrepare3Params: async ({ params, cookieIn, flags }, owner) => {
      const given = new TypedParameters(params)
      const xml = given.string(migrateParameters.destXml) ?? ''
      const { uuid, name } = namesOf(xml)
      if (cookieIn.includes(machine.uuid)) throw new Refusal('VIR_ERR_INTERNAL_ERROR', `internal error: Attempt to migrate guest to the same host ${machine.uuid}`)
      if (has(flags, 'offline')) return { cookieOut: Buffer.alloc(0), uriOut: uriOf(given) }
      const known = machine.domains.get(uuid)
      if (has(flags, 'postcopyResume')) {
        if (known?.state.reason !== 'postcopy-failed') throw new Refusal('VIR_ERR_OPERATION_INVALID', `Requested operation is not valid: domain ${name} is not in a broken post-copy`)
        return { cookieOut: Buffer.alloc(0), uriOut: uriOf(given) }
      }
      if (known?.isActive) throw new Refusal('VIR_ERR_OPERATION_INVALID', `Requested operation is not valid: domain '${name}' is already active`)
      const guest = world.guestOf(uuid, xml)
      checkCpu(xml)
      checkDisks(xml, flags)
      const listen = given.string(migrateParameters.listenAddress)
      if (listen !== null && !['0.0.0.0', '::', '127.0.0.1', machine.address].includes(listen)) throw new Refusal('VIR_ERR_INTERNAL_ERROR', `internal error: unable to execute QEMU command 'migrate-incoming': Failed to bind socket: Cannot assign requested address`)
      if (machine.usedMemoryKiB + guest.used * 4 > machine.about.memoryMiB * 1024 * 1.2) throw new Refusal('VIR_ERR_INTERNAL_ERROR', 'internal error: qemu unexpectedly closed the monitor: cannot set up guest memory: Cannot allocate memory')
      const domain = known ?? new Domain({ uuid, name, guest, inactiveXml: null })
      machine.domains.set(uuid, domain)
      daemon.embody(domain, xml)
      domain.state = { state: 'paused', reason: 'migration' }
      const ports = [...machine.domains.values()].flatMap(({ job }) => (job?.kind === 'in' ? [job.port] : []))
      let port = firstPort
      while (ports.includes(port)) port++
      const job: DomainJob = { kind: 'in', phase: 'prepared', owner, port, flags, startedAt: world.clock.now, migration: null }
      domain.job = job
      owner.onDidClose(() => {
        // Autodestroy: nobody will finish it.
        if (domain.job === job && job.phase === 'prepared') daemon.end(domain, 'failed', true)
      })
      await daemon.work(machine.costs.prepareMs)
      if (!owner.isOpen) throw new Refusal('VIR_ERR_OPERATION_FAILED', 'operation failed: connection closed')
      daemon.lifecycle(domain, 'started', 'migrated')
      return { cookieOut: cookie(domain, machine.uuid), uriOut: `tcp://${addressOf(given) ?? machine.address}:${port}` }
    },

    domainMigratePerform3Params: ({ dom, params, flags }) => {
      const given = new TypedParameters(params)
      const domain = daemon.active(dom)
      const isResume = has(flags, 'postcopyResume')
      const { job } = outOf(dom)
      const far = target(given, domain.uuid)
      return new Promise((resolve, reject) => {
        const done = () => resolve({ cookieOut: cookie(domain, machine.uuid) })
        const failed = (reason: string) =>
          reject(
            reason === 'cancelled'
              ? new Refusal('VIR_ERR_OPERATION_ABORTED', 'operation aborted: migration out job: canceled by client')
              : new Refusal('VIR_ERR_OPERATION_FAILED', `operation failed: migration out job: ${reason}`),
          )
        job.phase = 'performing'
        if (isResume && job.migration) {
          domain.state = { state: 'paused', reason: 'postcopy' }
          const there = far.machine.domains.get(domain.uuid)
          if (there) there.state = { state: 'running', reason: 'postcopy' }
          job.migration.resumePostcopy()
          return done()
        }
        job.migration = makeMigration(domain, job, given, flags, far.machine, { done, failed })
        if (far.domain?.job) far.domain.job.migration = job.migration
      })
    },

    domainMigrateFinish3Params: async ({ params, flags, cancelled }) => {
      const name = new TypedParameters(params).string(migrateParameters.destName)
      const xml = new TypedParameters(params).string(migrateParameters.destXml)
      const none = new Refusal('VIR_ERR_NO_DOMAIN', `Domain not found: no domain with matching name '${name}'`)
      if (has(flags, 'offline')) {
        if (cancelled || xml === null) throw new Refusal('VIR_ERR_MIGRATE_FINISH_OK', 'migration successfully aborted')
        const domain = daemon.define(new TypedParameters(params).string(migrateParameters.persistXml) ?? xml)
        return { dom: domain.ref, cookieOut: Buffer.alloc(0) }
      }
      const domain = [...machine.domains.values()].find((each) => each.name === name)
      if (!domain) throw none
      const { job } = domain
      if (has(flags, 'postcopyResume') && cancelled === 0 && job?.migration) {
        await arrival(domain, job.migration)
        return finished(domain)
      }
      if (job?.kind !== 'in') throw new Refusal('VIR_ERR_OPERATION_INVALID', `Requested operation is not valid: domain '${name}' is not processing incoming migration`)
      if (cancelled !== 0) {
        if (domain.state.reason !== 'postcopy' && domain.state.reason !== 'postcopy-failed') daemon.end(domain, 'failed', true)
        throw new Refusal('VIR_ERR_MIGRATE_FINISH_OK', 'migration successfully aborted')
      }
      job.phase = 'finishing'
      const { migration } = job
      if (!migration || (migration.phase !== 'completed' && migration.phase !== 'handed-over')) {
        daemon.end(domain, 'failed', true)
        throw new Refusal('VIR_ERR_OPERATION_FAILED', `operation failed: domain '${name}' did not receive all of its memory`)
      }
      const persistXml = new TypedParameters(params).string(migrateParameters.persistXml)
      await daemon.work(machine.costs.finishMs)
      if (machine.isDown) throw none
      const isPostcopy = migration.phase === 'handed-over'
      if (has(flags, 'persistDest')) {
        domain.inactiveXml = displayedAt(persistXml ?? domain.xml, -1)
        daemon.lifecycle(domain, 'defined', 'added')
      }
      if (has(flags, 'paused')) {
        domain.state = { state: 'paused', reason: 'user' }
        daemon.lifecycle(domain, 'suspended', 'paused')
      } else {
        migration.guest.run(world.clock.lived)
        domain.state = { state: 'running', reason: isPostcopy ? 'postcopy' : 'migrated' }
        daemon.lifecycle(domain, 'resumed', isPostcopy ? 'postcopy' : 'migrated')
      }
      migration.started()
      if (isPostcopy) {
        await arrival(domain, migration)
        daemon.lifecycle(domain, 'resumed', 'migrated')
      }
      return finished(domain)
    },

    domainMigrateConfirm3Params: async ({ dom, flags, cancelled }) => {
      if (has(flags, 'offline')) {
        const domain = daemon.domain(dom)
        if (cancelled === 0 && has(flags, 'undefineSource')) {
          domain.inactiveXml = null
          machine.domains.delete(domain.uuid)
        }
        return
      }
      const { domain, job } = outOf(dom)
      if (cancelled !== 0) {
        backToSource(domain, job)
        return
      }
      job.phase = 'confirming'
      const figures = job.migration?.figures
      if (figures) {
        domain.lastJob = migrationParameters(figures, 'migration-out')
        for (const session of machine.sessions) session.tell('jobCompleted', { dom: domain.ref, params: [...domain.lastJob, { field: 'success', type: 'boolean', value: true }] })
      }
      await daemon.work(machine.costs.confirmMs)
      if (!domain.isActive) return
      const isUndefined = has(flags, 'undefineSource') && domain.isPersistent
      if (isUndefined) {
        domain.inactiveXml = null
        domain.hasAutostart = false
      }
      // What Confirm undefines libvirt tells nobody of.
      daemon.end(domain, 'migrated', true)
    },

    domainMigrateStartPostCopy: ({ dom }) => {
      const { job } = outOf(dom)
      if (!has(job.flags, 'postcopy')) throw new Refusal('VIR_ERR_OPERATION_INVALID', 'Requested operation is not valid: switching to post-copy requires migration to be started with VIR_MIGRATE_POSTCOPY flag')
      if (!job.migration?.isCopyingMemory) throw new Refusal('VIR_ERR_INTERNAL_ERROR', "internal error: unable to execute QEMU command 'migrate-start-postcopy': Enable postcopy with migrate_set_capability before the start of migration")
      job.migration.switchToPostcopy()
    },
    domainMigrateSetMaxSpeed: ({ dom, bandwidth, flags }) => {
      const domain = daemon.domain(dom)
      if (domain.job?.kind === 'out' && domain.job.migration) domain.job.migration.setLimit(bytesPerMs(bandwidth), (flags & maxSpeedFlags.postcopy) !== 0)
      else domain.maxSpeed = bandwidth
    },
    domainMigrateGetMaxSpeed: ({ dom }) => ({ bandwidth: daemon.domain(dom).maxSpeed }),
    domainMigrateSetMaxDowntime: ({ dom, downtime }) => {
      const domain = daemon.active(dom)
      domain.maxDowntime = downtime
      if (domain.job?.kind === 'out') domain.job.migration?.setDowntime(downtime)
    },
    domainMigrateGetMaxDowntime: ({ dom }) => ({ downtime: daemon.active(dom).maxDowntime }),
    domainGetJobStats: ({ dom, flags }) => {
      const domain = daemon.domain(dom)
      if ((flags & jobStatsFlags.completed) !== 0) return domain.lastJob ? { type: jobTypes.completed, params: [...domain.lastJob] } : noJob
      const { job } = domain
      if (!job) return noJob
      const operation = job.kind === 'out' ? ('migration-out' as const) : ('migration-in' as const)
      if (!job.migration || job.kind === 'in') {
        const params: TypedParameter[] = [
          { field: 'operation', type: 'int', value: operation === 'migration-out' ? 5 : 4 },
          { field: 'time_elapsed', type: 'ullong', value: Math.round(world.clock.now - job.startedAt) },
        ]
        return { type: jobTypes.unbounded, params }
      }
      return { type: jobTypes.unbounded, params: migrationParameters(job.migration.figures, operation) }
    },
    domainGetJobInfo: ({ dom }) => jobInfo(daemon.domain(dom), world.clock.now),
    domainAbortJob: ({ dom }) => {
      if (migrationOf(dom).cancel()) return
      throw new Refusal('VIR_ERR_OPERATION_INVALID', 'Requested operation is not valid: cannot abort migration in post-copy mode')
    },
    domainAbortJobFlags: ({ dom, flags }) => {
      const migration = migrationOf(dom)
      if ((flags & 1) !== 0 && migration.phase === 'postcopy') return migration.pausePostcopy()
      if (!migration.cancel()) throw new Refusal('VIR_ERR_OPERATION_INVALID', 'Requested operation is not valid: cannot abort migration in post-copy mode')
    },
  }

  function addressOf(given: TypedParameters): string | null {
    return /^tcp:\/\/\[?([^\]:/]+)\]?/.exec(given.string(migrateParameters.uri) ?? '')?.[1] ?? null
  }

  function uriOf(given: TypedParameters): string {
    return `tcp://${addressOf(given) ?? machine.address}:${firstPort}`
  }

  /** Whom the URI leads to, and what listens there. */
  function target(given: TypedParameters, uuid: string): { machine: Daemon['machine']; domain: Domain | null } {
    const address = addressOf(given)
    const far = address === null ? null : world.machineAt(address)
    const unreachable = (why: string) => new Refusal('VIR_ERR_SYSTEM_ERROR', `unable to connect to server at '${address}:${firstPort}': ${why}`, 'VIR_FROM_RPC')
    if (!far || far.isDown) throw unreachable(far ? 'No route to host' : 'Name or service not known')
    if (far.down.isCut || machine.up.isCut) throw unreachable('Connection timed out')
    const domain = far.domains.get(uuid) ?? null
    if (!domain?.isActive) throw unreachable('Connection refused')
    return { machine: far, domain }
  }

  function makeMigration(domain: Domain, job: Out, given: TypedParameters, flags: number, far: Daemon['machine'], ends: { done: () => void; failed: (reason: string) => void }): Migration {
    const copies = has(flags, 'nonSharedDisk') || has(flags, 'nonSharedInc')
    const disks = copies ? (domain.guest.about.disks ?? []) : []
    const gib = 1024 ** 3
    const isPostcopy = () => job.migration !== null && job.migration.phase !== 'completed'
    return new Migration({
      clock: world.clock,
      network: world.network,
      guest: domain.guest,
      path: world.path(machine, far),
      source: machine.costs,
      destination: far.costs,
      slowdown: () => Math.max(1, machine.cpuLoad, far.cpuLoad),
      autoConverge: has(flags, 'autoConverge') ? { initial: given.number(migrateParameters.autoConvergeInitial) ?? 20, increment: given.number(migrateParameters.autoConvergeIncrement) ?? 10 } : null,
      canSwitch: has(flags, 'postcopy'),
      disk: { total: disks.reduce((sum, { sizeGiB }) => sum + sizeGiB * gib, 0), used: disks.reduce((sum, { sizeGiB, usedGiB }) => sum + (usedGiB ?? sizeGiB / 3) * gib, 0) },
      limit: bytesPerMs(given.number(migrateParameters.bandwidth) ?? domain.maxSpeed),
      postcopyLimit: bytesPerMs(given.number(migrateParameters.bandwidthPostcopy) ?? 0),
      downtimeMs: domain.maxDowntime,
      carriage: world.carriages.get(domain.uuid) ?? null,
      on: {
        iteration: (iteration) => {
          for (const session of machine.sessions) session.tell('migrationIteration', { dom: domain.ref, iteration })
        },
        status: (status) => {
          daemon.monitor(domain, 'MIGRATION', { status })
          if (status === 'cancelled') {
            backToSource(domain, job)
            ends.failed('cancelled')
          }
        },
        stopped: () => {
          // One that stood still already goes on standing for its owner's reason.
          if (domain.state.state !== 'running') return
          domain.state = { state: 'paused', reason: 'migration' }
          daemon.lifecycle(domain, 'suspended', 'migrated')
          if (!has(flags, 'postcopy') || !job.migration?.isSwitching) return
          domain.state = { state: 'paused', reason: 'postcopy' }
          daemon.lifecycle(domain, 'suspended', 'postcopy')
        },
        handedOver: () => {
          job.phase = 'performed'
          // Disks that were copied are the destination's too from now on.
          if (copies) world.copyDisks(domain, machine, far)
          ends.done()
        },
        arrived: () => world.arrived(domain.uuid),
        failed: (reason) => {
          if (job.migration?.phase === 'paused' && isPostcopy()) return world.postcopyBroke(domain.uuid)
          backToSource(domain, job)
          ends.failed(reason)
        },
      },
    })
  }

  /** The source goes on with what it has: only before a switch. */
  function backToSource(domain: Domain, job: Out): void {
    if (domain.job !== job) return
    if (domain.state.reason === 'postcopy' || domain.state.reason === 'postcopy-failed') {
      domain.state = { state: 'paused', reason: 'postcopy-failed' }
      return
    }
    domain.job = null
    if (domain.state.state !== 'paused' || domain.state.reason !== 'migration') return
    domain.guest.run(world.clock.lived)
    domain.state = { state: 'running', reason: 'migration-canceled' }
    daemon.lifecycle(domain, 'resumed', 'migrated')
  }

  /** What libvirt does when the connection that drove a move goes (qemuMigrationAnyConnectionClosed). */
  function sourceOwnerLeft(domain: Domain, job: Out): void {
    if (domain.job !== job || !domain.isActive) return
    if (job.phase === 'begun') domain.job = null
    else if (job.phase === 'performed' && domain.state.reason === 'migration') domain.job = null
    else if (job.phase === 'performed' && domain.state.reason === 'postcopy') domain.state = { state: 'paused', reason: 'postcopy-failed' }
  }

  function arrival(domain: Domain, migration: Migration): Promise<void> {
    if (migration.hasArrived) return Promise.resolve()
    return new Promise((resolve, reject) => {
      world.whenArrived(domain.uuid, (isWhole) => {
        if (isWhole) resolve()
        else reject(new Refusal('VIR_ERR_OPERATION_FAILED', 'operation failed: migration in job: post-copy phase failed'))
      })
    })
  }

  function finished(domain: Domain): { dom: Domain['ref']; cookieOut: Buffer } {
    if (domain.job?.migration) domain.lastJob = migrationParameters(domain.job.migration.figures, 'migration-in')
    domain.job = null
    if (domain.state.state === 'running') domain.state = { state: 'running', reason: 'migrated' }
    return { dom: domain.ref, cookieOut: cookie(domain, machine.uuid) }
  }

  function checkCpu(xml: string): void {
    const cpu = comparableCpu(xml)
    const missing = cpu.kind === 'named' ? missingFeatures(machine.cpuModel, cpu.xml) : []
    if (missing.length > 0) throw new Refusal('VIR_ERR_CPU_INCOMPATIBLE', `guest CPU doesn't match specification: missing features: ${missing.join(',')}`, 'VIR_FROM_CPU')
  }

  function checkDisks(xml: string, flags: number): void {
    const copies = has(flags, 'nonSharedDisk') || has(flags, 'nonSharedInc')
    if (copies) return
    for (const { source, device } of readDomain(xml).devices.disks) {
      if (device !== 'disk' || source.kind !== 'file' || machine.volumeAt(source.path)) continue
      throw new Refusal('VIR_ERR_SYSTEM_ERROR', `Cannot access storage file '${source.path}': No such file or directory`, 'VIR_FROM_STORAGE')
    }
  }
}

function cookie(domain: Domain, hostUuid: string): Buffer {
  return Buffer.from(`<qemu-migration><name>${domain.name}</name><uuid>${domain.uuid}</uuid><hostuuid>${hostUuid}</hostuuid></qemu-migration>\0`)
}

