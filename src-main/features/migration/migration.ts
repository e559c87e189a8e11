import type { Finding, Fix, HostVerdict, MovePlan, Preflight, Sharing, Verdict } from '../../contract/migration.ts'
import type { Job, Whereabouts } from '../../contract/job.ts'
import type { VmRef } from '../../contract/vm.ts'
import { Failure } from '../../base/failure.ts'
import type { AgentLink } from '../host/agent/agent-link.ts'
import type { Hosts } from '../host/hosts.ts'
import type { JobDirector, Jobs, ResolveStep } from '../job/jobs.ts'
import type { OpenJob } from '../job/open-job.ts'
import { problemOf } from '../settings/problem.ts'
import type { SettingsService } from '../settings/settings-service.ts'
import type { Inventory } from '../vm/inventory.ts'
import { assemble, Readers, type Way } from './assemble/assemble.ts'
import { RecentPreflights } from './assemble/recent-preflights.ts'
import { verdictsFor } from './drag/verdicts.ts'
import type { Assembled } from './engines/engine.ts'
import { engines } from './engines/engines.ts'
import { applyFix } from './fixes.ts'
import { earlierThroughputs } from './forecast/earlier-moves.ts'
import { guessDirtyRate } from './forecast/dirty-rate.ts'
import { busyCoresOf, Foreknowledge } from './forecast/foreknowledge.ts'
import { DirtyRates, gatherInputs } from './forecast/gather-inputs.ts'
import { riskOf } from './plan/risk.ts'
import { virshOf } from './plan/virsh.ts'
import { checks } from './preflight/checks.ts'
import { runChecks } from './preflight/run-checks.ts'
import { depotCandidates, findDepots } from './relay/depots.ts'
import type { HostFactsReader } from './host-facts/host-facts-reader.ts'
import { KnownSharing } from './relay/known-sharing.ts'
import { sharingOf } from './relay/sharing.ts'
import { isRelayed } from './plan/relayed.ts'
import { chooseDriver, type DriverChoice } from './run/choose-driver.ts'
import { MoveRunner } from './run/move-runner.ts'
import { Revival, type RevivalTiming } from './run/revival.ts'
import { locate, resolve, toContract } from './whereabouts/locate.ts'

export interface MigrationParts {
  readonly jobs: Jobs
  readonly hosts: Hosts
  readonly agents: { link(host: string): AgentLink }
  readonly inventory: Inventory
  readonly settings: Pick<SettingsService, 'current'>
  readonly timing?: Partial<RevivalTiming>
}

/** Jobs of the history that are looked at for throughputs. */
const historyDepth = 300

export interface StartOptions {
  /** The caller sees to it that not too many move at once. */
  readonly isPaced?: boolean
  /** Of moves that belong to a gang of which others are started separately. */
  readonly gang?: NonNullable<Job['gang']>
}

/** What the preflights of one request share. */
interface Asking {
  readonly readers: Readers
  readonly signal: AbortSignal
  /** Ended moves, newest first; read when the first one wants them. */
  readonly past: () => Promise<Job[]>
}

/** Moving VMs: verdicts while one is dragged, preflight for the dialog, the moves themselves, and what became of them. */
export class Migration implements JobDirector {
  readonly #parts: MigrationParts
  readonly #rates = new DirtyRates()
  readonly #sharing = new KnownSharing()
  readonly #recent = new RecentPreflights()
  /** Speed of the link from one host to another, as the last preflight saw it. */
  readonly #mbps = new Map<string, number>()
  readonly #revival: Revival
  readonly #runner: MoveRunner

  constructor(parts: MigrationParts) {
    this.#parts = parts
    const { jobs, hosts, agents, settings, timing } = parts
    this.#revival = new Revival({ jobs, hosts, agents, ...(timing ? { timing } : {}), resume: (job, handle, knownUntil) => this.#runner.resume(job, handle, knownUntil) })
    this.#runner = new MoveRunner({
      jobs,
      hosts,
      agents,
      ports: () => settings.current.agentPorts,
      recheck: (plan, signal) => this.#recheck(plan, signal),
      revival: this.#revival,
      dirtyRate: (vm) => this.#rates.last(vm.uuid) ?? guessDirtyRate(busyCoresOf(vm, parts.inventory)),
    })
    jobs.direct(this)
  }

  verdicts(vms: readonly VmRef[]): HostVerdict[] {
    return verdictsFor(vms, this.#parts.inventory)
  }

  /** One answer per plan; what cannot be asked is a finding. Rejects only with the signal's reason. */
  async preflight(plans: readonly MovePlan[], signal: AbortSignal): Promise<Preflight[]> {
    return Promise.all(plans.map(this.preflighter(signal)))
  }

  /** Preflights one plan after another, of which each may ask what an earlier one has heard already: for seconds, not for longer. */
  preflighter(signal: AbortSignal): (plan: MovePlan) => Promise<Preflight> {
    const readers = new Readers(this.#parts.hosts, signal)
    let past: Promise<Job[]> | null = null
    const asking: Asking = { readers, signal, past: () => (past ??= this.#parts.jobs.list({ limit: historyDepth })) }
    return (plan) => this.#preflight(plan, asking)
  }

  /** What can be said of moves without asking any host. Rejects with a Failure of the store. */
  async foreknowledge(): Promise<Foreknowledge> {
    const { jobs, inventory } = this.#parts
    return new Foreknowledge(inventory, await jobs.list({ limit: historyDepth }), {
      dirtyRate: (uuid) => this.#rates.last(uuid),
      mbps: (source, destination) => this.#mbps.get(`${source} ${destination}`) ?? null,
      sharing: (uuid) => this.#sharing.of(uuid),
    })
  }

  /** One answer per host, which later forecasts of gangs go by; what cannot be asked says why. Rejects only with the signal's reason. */
  async sharing(vms: readonly VmRef[], signal: AbortSignal): Promise<Sharing[]> {
    const told = await sharingOf(vms, this.#parts, signal)
    this.#sharing.keep(vms, told)
    return told
  }

  fix(plan: MovePlan, fix: Fix, signal: AbortSignal): Promise<void> {
    return applyFix(plan, fix, this.#parts.hosts, signal)
  }

  /**
   * Starts the moves, or answers at once for jobs that are known. All are made before the first begins; of several plans that cannot be taken the first failure is
   * told, and those before it are on their way. Rejects with `vm-gone`, `host-unknown`, `same-host` or `move-running`.
   */
  async start(moves: readonly { readonly job: string; readonly plan: MovePlan }[], options: StartOptions = {}): Promise<void> {
    const { jobs, hosts, inventory } = this.#parts
    const gangs = gangsOf(moves)
    for (const { job: id, plan } of moves) {
      const vm = inventory.vm(plan.vm)
      const known = await jobs.get(id)
      if (known) continue
      if (!vm) throw new Failure('vm-gone', 'This VM is no longer on that host.', { next: 'Look where it is now; it may have been moved or removed.' })
      if (plan.vm.host === plan.destination) throw new Failure('same-host', `${vm.name} is on that host already.`)
      hosts.record(plan.destination)
      const driver = plan.options.driver === 'app' || !this.#parts.settings.current.useAgent ? 'app' : 'agent'
      const made = await jobs.create({ id, plan, vmName: vm.name, sourceName: hosts.name(plan.vm.host), destinationName: hosts.name(plan.destination), driver, gang: options.gang ?? gangs.get(id) ?? null })
      if ('job' in made) this.#runner.begin(made.job, options)
    }
  }

  cancel(job: string): Promise<void> {
    return this.#runner.cancel(job)
  }

  setLimits(job: string, change: { bandwidthMiBps?: number; downtimeMs?: number }): Promise<void> {
    return this.#runner.setLimits(job, change)
  }

  switchToPostcopy(job: string): Promise<void> {
    return this.#runner.switchToPostcopy(job)
  }

  recover(job: string): Promise<void> {
    return this.#runner.recover(job)
  }

  revive(job: OpenJob): Promise<void> {
    return this.#revival.revive(job)
  }

  async locate(job: Job, signal?: AbortSignal): Promise<Whereabouts> {
    return toContract(await locate(job, this.#parts.hosts, { ...(await this.#doneBy(job)), signal }))
  }

  async resolve(job: Job, step: ResolveStep, signal?: AbortSignal): Promise<Whereabouts> {
    return toContract(await resolve(job, step, this.#parts.hosts, { ...(await this.#doneBy(job)), signal }))
  }

  /** Stops looking for lost drivers. Moves that agents drive go on; those of this process end with its connections. */
  dispose(): void {
    this.#revival.close()
  }

  /** How far the job has come: the intent for Perform and all that follows is on disk before Perform is sent. */
  async #doneBy(job: Job): Promise<{ hasFinished: boolean; hasPerformed: boolean }> {
    const isIntended = (await this.#parts.jobs.journal(job.id)).some(({ step }) => step === 'perform-finish' || step === 'switch')
    return { hasFinished: isIntended, hasPerformed: isIntended }
  }

  async #preflight(plan: MovePlan, { readers, signal, past }: Asking): Promise<Preflight> {
    const { jobs, hosts } = this.#parts
    let move: Assembled
    let driverNote: Finding | null = null
    try {
      const rival = jobs.jobOf(plan.vm.uuid)
      if (rival && rival.state.state !== 'uncertain') throw new Failure('move-running', `${rival.vmName} is already being moved to ${rival.destinationName}.`, { next: 'Wait for that move to end, or cancel it.' })
      move = await assemble({
        plan,
        hosts,
        readers,
        signal,
        agentPort: this.#agentPort,
        findDepots: (source, memoryKiB) => this.#findDepots({ plan, readers, source, memoryKiB, isPatient: false, signal }),
        chooseDriver: async (way) => {
          const choice = await this.#chooseDriver(plan, false, way, signal)
          driverNote = choice.reason === null ? null : noAgent(choice.reason)
          return choice.driver
        },
      })
    } catch (thrown) {
      signal.throwIfAborted()
      return this.#refused(plan, thrown)
    }
    const [findings, forecast] = await Promise.all([
      this.#findings(move),
      this.#forecast(move, past).catch(() => {
        signal.throwIfAborted()
        return null
      }),
    ])
    if (move.route?.mbps != null) this.#mbps.set(`${plan.vm.host} ${plan.destination}`, move.route.mbps)
    this.#recent.keep(plan, { findings, way: { route: move.route, listenAddress: move.listenAddress, agentProbe: move.agentProbe, inMbps: move.inMbps } })
    const notes = [driverNote, this.#maintenanceNote(plan.destination)].filter((note) => note !== null)
    return this.#answer(move, [...findings, ...notes], forecast)
  }

  #answer(move: Assembled, findings: readonly Finding[], forecast: Preflight['forecast']): Preflight {
    const { plan, domain, source, destination, route, driver } = move
    const { hosts } = this.#parts
    const volumes = plan.options.technique !== 'offline' ? [] : move.disks.flatMap(({ volume }) => (volume ? [{ pool: volume.ref.pool, name: volume.name, format: volume.format ?? 'raw', capacity: volume.capacity }] : []))
    return {
      plan,
      verdict: verdictOf(findings),
      findings: [...findings],
      forecast,
      route,
      driver,
      ...(plan.options.technique === 'scatter' ? { depots: depotCandidates(move.depots) } : {}),
      risk: riskOf(plan.options, driver, { vm: domain.name, source: source.name, destination: destination.name, depots: move.depots.chosen.map(({ name }) => name) }),
      virsh: virshOf({
        plan,
        vmName: domain.name,
        isPersistent: domain.isPersistent,
        source: hosts.record(source.host).address,
        destination: hosts.record(destination.host).address,
        hostname: destination.facts.session.facts.hostname,
        route,
        listenAddress: move.listenAddress,
        copied: move.disks.map(({ target }) => target),
        volumes,
      }),
    }
  }

  #refused(plan: MovePlan, thrown: unknown): Preflight {
    const problem = problemOf(thrown)
    const offline = problem.code === 'host-offline' ? [plan.vm.host, plan.destination].find((host) => !this.#isOnline(host)) : undefined
    const finding: Finding = {
      ...problem,
      severity: 'error',
      subject: problem.code.startsWith('host') ? 'host' : 'vm',
      ...(offline ? { fix: { kind: 'action', label: 'Reconnect', action: 'reconnect-host', argument: offline } } : {}),
    }
    return { plan, verdict: 'blocked', findings: [finding], forecast: null, route: null, driver: 'app', risk: 'The move cannot begin.', virsh: '' }
  }

  #isOnline(host: string): boolean {
    try {
      return Boolean(this.#parts.hosts.session(host))
    } catch {
      return false
    }
  }

  async #findings(move: Assembled): Promise<Finding[]> {
    const [own, checked] = await Promise.all([engines[move.plan.options.technique].assess(move), runChecks(checks, move)])
    return [...own, ...checked].sort((a, b) => severities.indexOf(a.severity) - severities.indexOf(b.severity))
  }

  async #forecast(move: Assembled, past: Asking['past']): Promise<Preflight['forecast']> {
    const { plan, domain, source, route, signal } = move
    const earlier = earlierThroughputs(await past(), plan.vm.host, plan.destination)
    const inputs = await gatherInputs({ plan, vm: domain, source: source.facts, route, earlier, rates: this.#rates, signal })
    return engines[plan.options.technique].forecast(move, { ...inputs, sharing: this.#sharing.of(plan.vm.uuid) })
  }

  #maintenanceNote(host: string): Finding | null {
    const { hosts } = this.#parts
    const { maintenance } = hosts.record(host)
    if (!maintenance) return null
    return { code: 'host-maintenance', severity: 'warning', subject: 'host', message: `${hosts.name(host)} is in maintenance since ${new Date(maintenance.since).toISOString().slice(0, 10)}, by ${maintenance.who}.`, ...(maintenance.reason ? { evidence: maintenance.reason } : {}) }
  }

  /** Right before a move: findings and the way of a moment ago are believed, errors block, warnings go to the log. */
  async #recheck(plan: MovePlan, signal: AbortSignal): Promise<{ move: Assembled; remarks: string[] }> {
    const known = this.#recent.take(plan)
    const readers = new Readers(this.#parts.hosts, signal)
    const move = await assemble({
      plan,
      hosts: this.#parts.hosts,
      readers,
      way: known?.way,
      signal,
      agentPort: this.#agentPort,
      findDepots: (source, memoryKiB) => this.#findDepots({ plan, readers, source, memoryKiB, isPatient: true, signal }),
      chooseDriver: async (way) => (await this.#chooseDriver(plan, true, way, signal)).driver,
    })
    const findings = known?.findings ?? (await this.#findings(move))
    const error = findings.find(({ severity }) => severity === 'error')
    if (error) {
      throw new Failure(error.code, error.message, { ...(error.evidence === undefined ? {} : { evidence: error.evidence }), ...(error.next === undefined ? {} : { next: error.next }) })
    }
    return { move, remarks: findings.filter(({ severity }) => severity === 'warning').map(({ message }) => message) }
  }

  #findDepots(about: { plan: MovePlan; readers: Readers; source: HostFactsReader; memoryKiB: number; isPatient: boolean; signal: AbortSignal }) {
    const { hosts, agents } = this.#parts
    const { plan, readers, source, memoryKiB, isPatient, signal } = about
    return findDepots({ plan, source, memoryKiB, hosts, reader: (host) => readers.of(host), agent: (host) => agents.link(host), agentPort: this.#agentPort, promised: (host) => this.#runner.promisedKiB(host), isPatient, signal })
  }

  get #agentPort(): number {
    return this.#parts.settings.current.agentPorts[0]
  }

  /** An agent that cannot reach the other one is as good as none, unless one was asked for: then preflight says what will happen. */
  async #chooseDriver(plan: MovePlan, isPatient: boolean, way: Promise<Way>, signal: AbortSignal): Promise<DriverChoice> {
    const { agents, settings, hosts } = this.#parts
    const links = [plan.vm.host, plan.destination].map((host) => agents.link(host))
    const [choice, { agentProbe }] = await Promise.all([chooseDriver(plan.options, { useAgent: settings.current.useAgent, agents: links, isPatient, signal }), way])
    if (choice.driver === 'app' || agentProbe !== 'filtered' || plan.options.driver === 'agent' || isRelayed(plan.options.technique)) return choice
    return { driver: 'app', reason: `The agent on ${hosts.name(plan.vm.host)} gets no answer from port ${this.#agentPort} of ${hosts.name(plan.destination)}: a firewall is in between.` }
  }
}

/** Moves of technique `gang` from one host are one gang, named after the first of them: asked a second time they are the same again. */
function gangsOf(moves: readonly { readonly job: string; readonly plan: MovePlan }[]): Map<string, NonNullable<Job['gang']>> {
  const gangs = new Map<string, NonNullable<Job['gang']>>()
  for (const { job, plan } of moves) {
    const others = moves.filter((each) => each.plan.options.technique === 'gang' && each.plan.vm.host === plan.vm.host)
    if (plan.options.technique === 'gang' && others[0]) gangs.set(job, { id: `gang-${others[0].job}`.slice(0, 64), size: others.length, index: others.findIndex((each) => each.job === job), destinations: [...new Set(others.map((each) => each.plan.destination))] })
  }
  return gangs
}

const severities = ['error', 'warning', 'note'] as const

function verdictOf(findings: readonly Finding[]): Verdict {
  if (findings.some(({ severity }) => severity === 'error')) return 'blocked'
  return findings.some(({ severity }) => severity === 'warning') ? 'warns' : 'fits'
}

function noAgent(reason: string): Finding {
  return { code: 'no-agent', severity: 'warning', subject: 'driver', message: 'No agent can take this move, so this computer drives it and must stay connected.', evidence: reason }
}
