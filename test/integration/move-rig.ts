import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import type { Job, JobState } from '../../src-main/contract/job.ts'
import { moveOptions, type MoveOptions, type MovePlan } from '../../src-main/contract/migration.ts'
import { noSecrets } from '../../src-main/base/secrets.ts'
import { keepMaintenance } from '../../src-main/features/cluster/maintenance/maintenance-watch.ts'
import { catchUpPlacements, keepPlacements } from '../../src-main/features/cluster/placement-journal.ts'
import { Planner } from '../../src-main/features/cluster/plan/planner.ts'
import { Rules } from '../../src-main/features/cluster/rules/rules.ts'
import type { RunParts } from '../../src-main/features/cluster/run/run-parts.ts'
import { Runs } from '../../src-main/features/cluster/run/runs.ts'
import { Agents } from '../../src-main/features/host/agents.ts'
import { findAgentBundle } from '../../src-main/features/host/agent/agent-bundle.ts'
import type { HostSession } from '../../src-main/features/host/host-session.ts'
import { Hosts } from '../../src-main/features/host/hosts.ts'
import { Jobs } from '../../src-main/features/job/jobs.ts'
import { Migration } from '../../src-main/features/migration/migration.ts'
import { SettingsService } from '../../src-main/features/settings/settings-service.ts'
import { Inventory } from '../../src-main/features/vm/inventory.ts'
import { Vms } from '../../src-main/features/vm/vms.ts'
import { openStore, type Store } from '../../src-main/store/store.ts'
import { createTransports } from '../../src-main/transports.ts'

/** A host to connect to, as the lab names it. */
export interface RigHost {
  readonly name: string
  readonly address: string
}

const usualLog = pino({ level: process.env['DROVER_LOG'] ?? 'silent' }, pino.destination(2))

/** The program below its shell, with the real parts of services: a profile, hosts over SSH, jobs and moves. */
export class MoveRig {
  readonly profile: string
  readonly jobs: Jobs
  readonly hosts: Hosts
  readonly inventory: Inventory
  readonly migration: Migration
  readonly settings: SettingsService
  readonly rules: Rules
  readonly planner: Planner
  readonly runs: Runs
  /** What runs are made of, for those who call their parts. */
  readonly runParts: RunParts
  readonly #store: Store
  readonly #vms: Vms
  readonly #agents: Agents

  private constructor(parts: { profile: string; jobs: Jobs; hosts: Hosts; inventory: Inventory; migration: Migration; settings: SettingsService; runs: Runs; runParts: RunParts; store: Store; vms: Vms; agents: Agents }) {
    this.profile = parts.profile
    this.jobs = parts.jobs
    this.hosts = parts.hosts
    this.inventory = parts.inventory
    this.migration = parts.migration
    this.settings = parts.settings
    const { inventory, migration, settings, vms, store } = parts
    this.rules = new Rules(settings)
    this.planner = new Planner({ inventory, migration, runs: store.runs, placements: store.placements, settings, rules: this.rules, busyCores: (vm) => vms.busyCores(vm) })
    this.runs = parts.runs
    this.runParts = parts.runParts
    this.#store = parts.store
    this.#vms = parts.vms
    this.#agents = parts.agents
  }

  /** Opens a profile (a new one unless `profile` is that of a closed rig) and waits until all hosts are online. `logFile` is told everything. */
  static async open(options: { sshConfig: string; hosts: readonly RigHost[]; profile?: string; logFile?: string }): Promise<MoveRig> {
    const log = options.logFile === undefined ? usualLog : pino({ level: 'trace' }, pino.destination({ dest: options.logFile, sync: true }))
    const profile = options.profile ?? mkdtempSync(join(tmpdir(), 'drover-rig-'))
    const store = await openStore(join(profile, 'drover.db'))
    const settings = await SettingsService.load(store)
    const inventory = new Inventory()
    const transports = createTransports({ log, secrets: noSecrets, ssh: () => ({ files: [options.sshConfig] }), allowed: { list: () => [], add: async () => {} } })
    const hosts = new Hosts({ records: store.hosts, transports, claimNumber: () => inventory.claimNumber(), log })
    const agents = new Agents({ hosts, bundle: () => findAgentBundle(join(import.meta.dirname, '../../out')) })
    const jobs = await Jobs.open({ store, log })
    const vms = new Vms({ hosts, inventory, log, pollMs: () => 1000, jobOf: (uuid) => jobs.jobOf(uuid)?.id ?? null })
    jobs.onDidChange((job) => vms.jobChanged(job.plan.vm.uuid))
    const migration = new Migration({ jobs, hosts, agents, inventory, settings, timing: { askEveryMs: 500, steadyMs: 500 } })
    const runParts: RunParts = { jobs, hosts, inventory, vms, migration, store, log, now: Date.now }
    const runs = new Runs(runParts, 'tester')
    const journal = { jobs, runs, store, log, who: 'tester' }
    keepPlacements(journal)
    keepMaintenance({ hosts, inventory, log, now: Date.now })
    const rig = new MoveRig({ profile, jobs, hosts, inventory, migration, settings, runs, runParts, store, vms, agents })
    await hosts.start()
    for (const { name, address } of options.hosts) {
      if (!hosts.list().some((known) => known.address === address)) await hosts.add({ address, label: name, group: null, tags: [] })
    }
    await Promise.all(options.hosts.map(({ name }) => hosts.whenOnline(rig.idOf(name), AbortSignal.timeout(30_000))))
    await runs.restore()
    await jobs.restore()
    await catchUpPlacements(journal)
    return rig
  }

  idOf(name: string): string {
    const record = this.hosts.list().find(({ label }) => label === name)
    if (!record) throw new Error(`no host ${name}`)
    return record.id
  }

  session(name: string): HostSession {
    return this.hosts.session(this.idOf(name))
  }

  /** Has an agent brought to every host and started, so that no move need wait for that. */
  async bringAgents(): Promise<void> {
    await Promise.all(this.hosts.list().map(({ id }) => this.#agents.link(id).ready()))
  }

  /** A plan for a VM by its UUID; waits until the inventory shows it at the source. */
  async plan(uuid: string, from: string, to: string, options: Partial<MoveOptions> = {}): Promise<MovePlan> {
    const vm = { host: this.idOf(from), uuid }
    await this.#until(() => this.inventory.vm(vm) !== undefined, (wake) => this.inventory.onDidChangeVm(wake), `the VM on ${from}`)
    return { vm, destination: this.idOf(to), options: moveOptions.parse({ technique: 'precopy', ...options }) }
  }

  async start(plan: MovePlan, job = `job-${Math.random().toString(36).slice(2, 12)}`): Promise<string> {
    await this.migration.start([{ job, plan }])
    return job
  }

  /** The job once `condition` holds for it. */
  async until(id: string, condition: (job: Job) => boolean, what = 'the job'): Promise<Job> {
    let job = (await this.jobs.get(id))!
    const isOver = () => job.endedAt !== null
    await this.#until(() => condition(job) || isOver(), (wake) => this.jobs.onDidChange((changed) => {
      if (changed.id === id) job = changed
      wake()
    }), `${what} of ${id}`)
    if (!condition(job)) throw new Error(`Waited for ${what} of ${id}, but it ended: ${JSON.stringify(job.state)}\n${await this.log(id)}`)
    return job
  }

  /** The job once it has ended. */
  ended(id: string): Promise<Job> {
    return this.until(id, ({ state }) => state.state === 'succeeded' || state.state === 'failed' || state.state === 'cancelled', 'the end')
  }

  async move(uuid: string, from: string, to: string, options: Partial<MoveOptions> = {}): Promise<Job> {
    return this.ended(await this.start(await this.plan(uuid, from, to, options)))
  }

  /** Lines of the job's log, for messages. */
  async log(id: string): Promise<string> {
    const frames = this.jobs.watch(id, `log-${id}-${Math.random()}`)
    const { value } = await frames.next()
    await frames.return()
    return value ? value.log.map(({ level, text }) => `${level}: ${text}`).join('\n') : ''
  }

  /** Ends the program and keeps the profile. */
  async close(): Promise<void> {
    await this.runs.close()
    this.migration.dispose()
    this.#vms.dispose()
    this.#agents.dispose()
    this.hosts.dispose()
    await this.jobs.close()
    this.settings.dispose()
    await this.#store.close()
  }

  async remove(): Promise<void> {
    await this.close()
    rmSync(this.profile, { recursive: true, force: true })
  }

  async #until(condition: () => boolean, listen: (wake: () => void) => { dispose(): void }, what: string): Promise<void> {
    if (condition()) return
    let wake = () => {}
    const subscription = listen(() => wake())
    try {
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`Waited for ${what}.`)), 90_000)
        wake = () => {
          if (!condition()) return
          clearTimeout(timer)
          resolve()
        }
        wake()
      })
    } finally {
      subscription.dispose()
    }
  }
}

/** Whether the job is in that phase now. */
export function isIn(phase: Extract<JobState, { state: 'running' }>['phase']): (job: Job) => boolean {
  return ({ state }) => state.state === 'running' && state.phase === phase
}
