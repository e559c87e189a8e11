import type { MovePlan } from '../../../contract/migration.ts'
import type { MoveResult } from '../../../contract/job.ts'
import type { VmRef } from '../../../contract/vm.ts'
import { Failure } from '../../../base/failure.ts'
import type { MoveHandle } from '../../../agent/conductor/move-handle.ts'
import type { MoveFigures, MoveOutcome } from '../../../agent/protocol/move-event.ts'
import type { MoveSpec } from '../../../agent/protocol/move-spec.ts'
import type { AgentLink } from '../../host/agent/agent-link.ts'
import { recoverAgentMove } from '../../host/agent/agent-move.ts'
import { RemoteMove } from '../../host/agent/remote-move.ts'
import type { HostDirectory } from '../../host/host-session.ts'
import type { Jobs } from '../../job/jobs.ts'
import type { OpenJob } from '../../job/open-job.ts'
import { problemOf } from '../../settings/problem.ts'
import type { Assembled } from '../engines/engine.ts'
import { engines } from '../engines/engines.ts'
import type { Estimate } from '../forecast/forecast-inputs.ts'
import { locate, toContract } from '../whereabouts/locate.ts'
import { tellAgentProgress } from './agent-progress.ts'
import { Gangs } from '../relay/gangs.ts'
import { withoutPort } from '../relay/addresses.ts'
import { relayedMove } from '../relay/relayed-move.ts'
import { carryAutostart, noteAutostart } from './autostart.ts'
import { diskProgress } from './disk-progress.ts'
import { followMove } from './follow-move.ts'
import { GuestGap } from './guest-gap.ts'
import { MoveQueue } from './move-queue.ts'
import { problemOfFailure } from './problem-of-failure.ts'
import type { Revival } from './revival.ts'
import { startDriver, type DriverParts } from './start-driver.ts'

export interface RunnerParts {
  readonly jobs: Jobs
  readonly hosts: HostDirectory
  readonly agents: { link(host: string): AgentLink }
  readonly ports: () => readonly [number, number]
  /** Looks at the plan once more; rejects where it must not begin. */
  readonly recheck: (plan: MovePlan, signal: AbortSignal) => Promise<{ readonly move: Assembled; readonly remarks: readonly string[] }>
  readonly revival: Revival
  /** How fast a VM is believed to write, bytes per second. */
  readonly dirtyRate: (vm: VmRef) => Estimate
}

interface Running {
  readonly abort: AbortController
  handle: MoveHandle | null
  depots: Assembled['depots']['chosen']
}

/** Runs jobs: waits for a place, prepares, hands over to a driver, follows it to its end, and passes on what the user commands. */
export class MoveRunner {
  readonly #parts: RunnerParts
  readonly #queue = new MoveQueue()
  readonly #running = new Map<string, Running>()
  readonly #gangs: Gangs

  constructor(parts: RunnerParts) {
    this.#parts = parts
    this.#gangs = new Gangs(parts)
  }

  /** KiB of a host that running moves may still fill with pages. */
  promisedKiB(host: string): number {
    return [...this.#running.values()].reduce((sum, { depots }) => sum + (depots.find((each) => each.host === host)?.capacityMiB ?? 0) * 1024, 0)
  }

  /** Starts the job; its end is the job's. One that is paced by its run does not wait for a place. */
  begin(job: OpenJob, options: { readonly isPaced?: boolean } = {}): void {
    const running: Running = { abort: new AbortController(), handle: null, depots: [] }
    this.#running.set(job.id, running)
    void this.#run(job, running, options.isPaced ?? false)
      .catch((thrown: unknown) => this.#failed(job, running, thrown))
      .finally(() => this.#running.delete(job.id))
  }

  /** Goes on with a driver that was found again after a restart. */
  async resume(job: OpenJob, handle: MoveHandle, knownUntil: number): Promise<void> {
    const running: Running = { abort: new AbortController(), handle, depots: [] }
    this.#running.set(job.id, running)
    try {
      await this.#conclude(job, await this.#follow(job, handle, { knownUntil }), null)
    } finally {
      this.#running.delete(job.id)
    }
  }

  /** Rejects with `move-not-running`, or `move-not-cancellable` with why. */
  async cancel(id: string): Promise<void> {
    const running = this.#of(id)
    if (running.handle) return running.handle.cancel()
    const job = this.#parts.jobs.open(id)
    if (job?.view.state.state === 'running') job.run({ cancellation: { can: 'requested' } })
    running.abort.abort(new Failure('cancelled', 'The move was cancelled.'))
  }

  async setLimits(id: string, change: { bandwidthMiBps?: number; downtimeMs?: number }): Promise<void> {
    await this.#handleOf(id).setLimits(change)
  }

  async switchToPostcopy(id: string): Promise<void> {
    await this.#handleOf(id).switchToPostcopy()
  }

  /** Resumes a broken post-copy; an agent gets a new tunnel for it, since the old one may have gone with the network. */
  async recover(id: string): Promise<void> {
    const handle = this.#handleOf(id)
    if (!(handle instanceof RemoteMove)) return handle.recover()
    const { jobs, agents, hosts, ports } = this.#parts
    const { plan } = jobs.open(id)?.view ?? {}
    if (!plan) return handle.recover()
    const noted = (await jobs.journal(id)).findLast(({ step }) => step === 'agent')?.detail as { address?: string } | null | undefined
    const address = noted?.address ?? hosts.session(plan.destination).facts.hostname
    await recoverAgentMove(handle, { destination: agents.link(plan.destination), address, ports: ports() })
  }

  #of(id: string): Running {
    const running = this.#running.get(id)
    if (running) return running
    throw new Failure('move-not-running', 'This move is not running.', { next: 'Look at the job: it may just have ended.' })
  }

  #handleOf(id: string): MoveHandle {
    const { handle } = this.#of(id)
    if (handle) return handle
    throw new Failure('move-not-running', 'This move has not begun yet.', { next: 'Try again in a moment.' })
  }

  async #run(job: OpenJob, running: Running, isPaced: boolean): Promise<void> {
    const { plan } = job.view
    const { signal } = running.abort
    const { hosts } = this.#parts
    // A gang begins together, and has a budget for all of it.
    const leave = isPaced || job.view.gang ? () => {} : await this.#queue.enter([plan.vm.host, plan.destination], signal, (host) => job.wait(`${hosts.name(host)} has other moves to finish first.`))
    try {
      job.run({ phase: 'preparing', cancellation: { can: 'yes', effect: `Nothing has begun: ${job.view.vmName} stays on ${job.view.sourceName}.` } })
      const { move, remarks } = await this.#recheck(job, signal)
      running.depots = move.depots.chosen
      for (const remark of remarks) job.say('warning', remark)
      await noteAutostart(job, move.domain, this.#parts, signal)
      const engine = engines[plan.options.technique]
      await engine.prepare({
        move,
        signal,
        openSource: (either) => hosts.session(plan.vm.host).openConnection(either),
        openDestination: (either) => hosts.session(plan.destination).openConnection(either),
        say: (level, text) => job.say(level, text),
        onDiskProgress: diskProgress(job),
      })
      const spec = await engine.spec(move, job.id)
      const gap = await GuestGap.watch(plan.vm.uuid, hosts.session(plan.vm.host), hosts.session(plan.destination))
      try {
        signal.throwIfAborted()
        const wish = plan.options.driver === 'auto' && move.driver === 'app' ? 'app' : plan.options.driver
        const { outcome, leave: leaveRelay } = await this.#drive(job, spec, move, running, wish)
        const told = await outcome.finally(leaveRelay)
        await this.#conclude(job, told, plan.options.technique === 'offline' ? null : gap.milliseconds)
      } finally {
        gap.dispose()
      }
    } finally {
      leave()
    }
  }

  async #recheck(job: OpenJob, signal: AbortSignal): ReturnType<RunnerParts['recheck']> {
    const { agents, recheck } = this.#parts
    const { plan, sourceName, destinationName } = job.view
    const links = [
      { name: sourceName, link: agents.link(plan.vm.host) },
      { name: destinationName, link: agents.link(plan.destination) },
    ]
    const telling = tellAgentProgress(job, links)
    try {
      return await recheck(plan, signal)
    } finally {
      telling.dispose()
    }
  }

  /** Makes ready what the memory goes through, and starts the driver. */
  async #drive(job: OpenJob, spec: MoveSpec, move: Assembled, running: Running, wish: 'auto' | 'agent' | 'app'): Promise<{ outcome: Promise<MoveOutcome>; leave(): void }> {
    const { signal } = running.abort
    const parts = this.#driverParts(job, move, running)
    const { relayed, leave } = await relayedMove(job, move, parts.address, { ...this.#parts, gangs: this.#gangs }, signal)
    try {
      return { ...(await startDriver(spec, { ...parts, relayed }, wish)), leave }
    } catch (thrown) {
      leave()
      throw thrown
    }
  }

  #driverParts(job: OpenJob, move: Assembled, running: Running): Omit<DriverParts, 'relayed'> {
    const { signal } = running.abort
    const follow = (handle: MoveHandle) => {
      running.handle = handle
      const outcome = this.#follow(job, handle, { memory: move.domain.live.memory.size * 1024 })
      // Cancelled while the agent was being asked.
      if (signal.aborted) void handle.cancel().catch(() => {})
      return outcome
    }
    const { jobs, hosts, agents, ports } = this.#parts
    const address = withoutPort(move.route?.address ?? move.destination.facts.session.facts.hostname)
    return { job, jobs, hosts, agents, address, ports: ports(), signal, follow }
  }

  #follow(job: OpenJob, handle: MoveHandle, about: { knownUntil?: number; memory?: number }): Promise<MoveOutcome> {
    return followMove(job, handle, {
      ...(about.knownUntil === undefined ? {} : { knownUntil: about.knownUntil }),
      expected: { memory: about.memory ?? null, dirtyRate: this.#parts.dirtyRate(job.view.plan.vm) },
      onIntent: (intent) => {
        // In the app the journal has it already, and durably.
        if (job.view.driver === 'agent') void this.#parts.jobs.intend(job.id, intent).catch(() => {})
      },
    })
  }

  async #conclude(job: OpenJob, outcome: MoveOutcome, guestGapMs: number | null): Promise<void> {
    const { jobs, agents, hosts } = this.#parts
    const { view } = job
    const names = { source: view.sourceName, destination: view.destinationName }
    if (outcome.kind === 'lost') return this.#parts.revival.findOut(job, problemOfFailure(outcome.failure, names))
    await jobs.settle(job.id, 'perform-finish')
    switch (outcome.kind) {
      case 'succeeded': {
        if (guestGapMs !== null) job.say('info', `The guest stood still for about ${guestGapMs} ms, from the source’s SUSPENDED to the destination’s RESUMED as they arrived here.`)
        if (outcome.remark) job.say('warning', outcome.remark)
        await carryAutostart(job, this.#parts)
        job.succeed(resultOf(job, outcome.figures, guestGapMs))
        break
      }
      case 'cancelled':
        job.cancel(outcome.whereabouts ?? toContract(await locate(view, hosts, { hasFinished: false })))
        break
      case 'failed':
        job.fail(problemOfFailure(outcome.failure, names), outcome.whereabouts ?? toContract(await locate(view, hosts, { hasFinished: isPastNoReturn(job) })))
        break
    }
    if (view.driver === 'agent') void agents.link(view.plan.vm.host).forget(job.id).catch(() => {})
  }

  /** Before the five calls, or in between by a fault of ours: the hosts are asked, nothing is assumed. */
  async #failed(job: OpenJob, { abort }: Running, thrown: unknown): Promise<void> {
    if (!job.isOpen) return
    const whereabouts = toContract(await locate(job.view, this.#parts.hosts, { hasFinished: isPastNoReturn(job), hasPerformed: isCopying(job) }))
    if (!job.isOpen) return
    // Whatever a cancelled preparation ended with was the cancel's doing.
    if (abort.signal.aborted) return job.cancel(whereabouts)
    const problem = problemOf(thrown)
    job.say('error', problem.message)
    job.fail(problem, whereabouts)
  }
}

function isPastNoReturn(job: OpenJob): boolean {
  const { state } = job.view
  return state.state === 'running' && state.isPastNoReturn
}

function isCopying(job: OpenJob): boolean {
  const { state } = job.view
  return state.state === 'running' && state.phase !== 'preparing'
}

/** Of a VM that is off, what took time and bytes was copied before the five calls. What QEMU gave to agents is not what left the host. */
function resultOf(job: OpenJob, { totalMs, downtimeMs, bytes, iterations }: MoveFigures, guestGapMs: number | null): MoveResult {
  const copied = job.samples.last
  if (job.view.plan.options.technique !== 'offline' || !copied) return { totalMs, downtimeMs, guestGapMs, bytes: job.view.pages?.bytes.core ?? bytes, iterations }
  return { totalMs: Date.now() - (job.view.startedAt ?? Date.now()), downtimeMs: null, guestGapMs: null, bytes: copied.diskTransferred, iterations: null }
}
