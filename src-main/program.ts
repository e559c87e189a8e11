import { existsSync } from 'node:fs'
import { userInfo } from 'node:os'
import { onError, ORPCError } from '@orpc/server'
import { mapEventIterator } from '@orpc/client'
import { RPCHandler } from '@orpc/server/ws'
import type { Log } from './base/log.ts'
import { messageOf } from './base/failure.ts'
import type { Secrets } from './base/secrets.ts'
import type { Wire } from './base/wire.ts'
import type { HostCandidate } from './contract/host.ts'
import { demoRouter } from './demo/demo-router.ts'
import type { Program } from './demo/demos.ts'
import type { SceneContext } from './demo/scene.ts'
import { problemOf } from './features/settings/problem.ts'
import { clusterRouter } from './features/cluster/cluster-router.ts'
import { keepMaintenance } from './features/cluster/maintenance/maintenance-watch.ts'
import { catchUpPlacements, keepPlacements } from './features/cluster/placement-journal.ts'
import { Planner } from './features/cluster/plan/planner.ts'
import { Runs } from './features/cluster/run/runs.ts'
import { Rules } from './features/cluster/rules/rules.ts'
import { Agents } from './features/host/agents.ts'
import { findAgentBundle } from './features/host/agent/agent-bundle.ts'
import { hostRouter } from './features/host/host-router.ts'
import { Hosts } from './features/host/hosts.ts'
import { Lab, type LabProgram } from './features/host/lab.ts'
import type { TransportFactory } from './features/host/transport-factory.ts'
import { jobRouter } from './features/job/job-router.ts'
import { Jobs } from './features/job/jobs.ts'
import { Migration } from './features/migration/migration.ts'
import { migrationRouter } from './features/migration/migration-router.ts'
import { Inventory } from './features/vm/inventory.ts'
import { inventoryRouter, vmRouter } from './features/vm/vm-router.ts'
import { Vms } from './features/vm/vms.ts'
import { settingsRouter } from './features/settings/settings-router.ts'
import { SettingsService } from './features/settings/settings-service.ts'
import type { Store } from './store/store.ts'
import { programFiles } from './program-files.ts'

export interface ProgramOptions {
  /** Belongs to the program from here on. */
  readonly store: Store
  readonly transports: (settings: SettingsService) => TransportFactory
  readonly candidates: () => Promise<readonly HostCandidate[]>
  /** Where a lab in a box can be started. */
  readonly labProgram: LabProgram | null
  readonly isDemo: boolean
  readonly profile: string
  readonly version: string
  readonly secrets: Secrets
  readonly log: Log
}

const libvirtSockets = ['/run/libvirt/libvirt-sock', '/run/libvirt/virtqemud-sock', '/var/run/libvirt/libvirt-sock']

/** Wires store, features and router: everything behind the contract. What hosts are is up to the transports. */
export async function createProgram(options: ProgramOptions): Promise<Program> {
  const { store, labProgram, isDemo, profile, version, secrets, log } = options
  const settings = await SettingsService.load(store)
  const inventory = new Inventory()
  const transports = options.transports(settings)
  const hosts = new Hosts({ records: store.hosts, transports, claimNumber: () => inventory.claimNumber(), log })
  const agents = new Agents({ hosts, bundle: () => findAgentBundle(programFiles()) })
  const jobs = await Jobs.open({ store, log })
  const jobOf = (uuid: string) => jobs.jobOf(uuid)?.id ?? null
  const vms = new Vms({ hosts, inventory, log, pollMs: () => settings.current.pollSeconds * 1000, jobOf })
  jobs.onDidChange((job) => vms.jobChanged(job.plan.vm.uuid))

  const migration = new Migration({ jobs, hosts, agents, inventory, settings })
  jobs.direct(migration)
  // In the history and in all that is exported from it.
  const who = isDemo ? `${userName()} (demo lab)` : userName()
  const runParts = { jobs, hosts, inventory, vms, migration, store, log, now: Date.now }
  const rules = new Rules(settings)
  const planner = new Planner({ inventory, migration, runs: store.runs, placements: store.placements, settings, rules, busyCores: (vm) => vms.busyCores(vm) })
  const runs = new Runs(runParts, who)
  const journal = { jobs, runs, store, log, who }
  const placements = keepPlacements(journal)
  const maintenance = keepMaintenance(runParts)
  const isMoving = (host: string) => jobs.openJobs().some(({ plan }) => plan.vm.host === host || plan.destination === host)

  const router = {
    host: hostRouter({ hosts, agents, lab: new Lab(labProgram, hosts), candidates: options.candidates }),
    vm: vmRouter(vms),
    inventory: inventoryRouter(inventory),
    job: jobRouter(jobs),
    migration: migrationRouter(migration),
    cluster: clusterRouter({ runs, parts: runParts, who, isMoving, planner, rules }),
    demo: demoRouter(),
    settings: settingsRouter(settings, {
      version,
      platform: process.platform,
      isDemo,
      secrets: secrets.kind,
      localLibvirt: isDemo ? null : (libvirtSockets.find((path) => existsSync(path)) ?? null),
      canStartLab: labProgram !== null,
      profile,
    }),
  }

  await hosts.start()
  // Runs first: the end of a job that was found again is then known to be theirs.
  await runs.restore()
  await jobs.restore()
  await catchUpPlacements(journal)

  const handler = new RPCHandler<SceneContext>(router, {
    clientInterceptors: [
      async ({ next, path }) => {
        const translate = (thrown: unknown) => asProblem(thrown, path, log)
        try {
          const output = await next()
          return isIterator(output) ? mapEventIterator(output, { value: async (value) => value, error: async (thrown) => translate(thrown) }) : output
        } catch (thrown) {
          throw translate(thrown)
        }
      },
    ],
    interceptors: [onError((error) => void log.debug({ error: messageOf(error) }, 'call failed'))],
  })

  return {
    serve(wire, context) {
      void handler.upgrade(asSocket(wire), { context })
    },
    addressOf: (host) => hosts.list().find(({ id }) => id === host)?.address ?? null,
    hostAt: (address) => hosts.list().find((record) => record.address === address)?.id ?? null,
    async close() {
      maintenance.dispose()
      placements.dispose()
      await runs.close()
      migration.dispose()
      vms.dispose()
      agents.dispose()
      hosts.dispose()
      await jobs.close()
      settings.dispose()
      await store.close()
    },
  }
}

/** For the history; a user without an entry in the system's list has none. */
function userName(): string {
  try {
    return userInfo().username
  } catch {
    return 'somebody'
  }
}

/** The contract's one error, from whatever a procedure threw. Refusals of oRPC itself (a bad input) and aborts stay what they are. */
function asProblem(thrown: unknown, path: readonly string[], log: Log): unknown {
  if (thrown instanceof ORPCError || (thrown instanceof Error && thrown.name === 'AbortError')) return thrown
  const problem = problemOf(thrown)
  if (problem.code === 'internal') log.error({ path: path.join('.'), stack: thrown instanceof Error ? thrown.stack : undefined }, problem.evidence)
  return new ORPCError('PROBLEM', { status: 422, message: problem.message, data: problem, cause: thrown })
}

function isIterator(output: unknown): output is AsyncIteratorObject<unknown, unknown, void> {
  return typeof output === 'object' && output !== null && Symbol.asyncIterator in output
}

/** A wire as oRPC's adapter for sockets wants it. */
function asSocket(wire: Wire): Parameters<RPCHandler<SceneContext>['upgrade']>[0] {
  const addEventListener = (type: string, listener: (event: { data: unknown }) => void) => {
    if (type === 'message') wire.onDidReceive((data) => listener({ data }))
    if (type === 'close') wire.onDidClose(() => listener({ data: undefined }))
  }
  return { addEventListener, send: (message: string | Uint8Array) => wire.send(message) } as unknown as Parameters<RPCHandler<SceneContext>['upgrade']>[0]
}
