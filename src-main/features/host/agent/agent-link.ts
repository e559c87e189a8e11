import { z } from 'zod'
import { delay } from '../../../base/abort.ts'
import type { Disposable } from '../../../base/disposable.ts'
import { Emitter } from '../../../base/event.ts'
import { Failure, messageOf } from '../../../base/failure.ts'
import { agentStatus, jobSummary, sharing, type Sharing, type AgentStatus, type Hello, type JobSummary } from '../../../agent/protocol/message.ts'
import type { DestinationRoute, TlsIdentity } from '../../../agent/protocol/destination-route.ts'
import type { MoveSpec } from '../../../agent/protocol/move-spec.ts'
import type { Transport } from '../../../transport/transport.ts'
import { AgentChannel, type AgentCommand } from './agent-channel.ts'
import type { AgentBundle } from './agent-bundle.ts'
import { agentStateOn, removeAgentFiles, type AgentState } from './agent-presence.ts'
import { provideAgent, type AgentProgram, type AgentProgress } from './agent-upload.ts'
import { RemoteMove } from './remote-move.ts'

/** Where the link finds its host: as much of HostDirectory as it needs. */
export interface AgentSessions {
  session(host: string): { readonly transport: Transport }
  whenOnline(host: string, signal: AbortSignal): Promise<{ readonly transport: Transport; readonly ended: AbortSignal }>
}

export interface AgentLinkTiming {
  /** Until the agent's greeting, Node's start included. */
  readonly startMs: number
  readonly requestMs: number
  /** Between attempts to attach again while a move goes on. */
  readonly retryMs: number
}

export interface AgentLinkOptions {
  readonly host: string
  readonly sessions: AgentSessions
  /** Read when first needed. */
  readonly bundle: () => Promise<AgentBundle>
  readonly timing?: Partial<AgentLinkTiming>
}

/** To the agent on one host, across all its SSH connections: it is brought, started, and attached to again for as long as a move of it is watched. */
export class AgentLink implements Disposable {
  readonly host: string
  readonly #options: AgentLinkOptions
  readonly #timing: AgentLinkTiming
  readonly #moves = new Set<RemoteMove>()
  readonly #progress = new Emitter<AgentProgress>()
  readonly #disposed = new AbortController()
  readonly #programs = new WeakMap<Transport, AgentProgram>()
  #channel: AgentChannel | null = null
  #opening: Promise<AgentChannel> | null = null
  #isReattaching = false

  readonly onDidProgress = this.#progress.event

  constructor(options: AgentLinkOptions) {
    this.host = options.host
    this.#options = options
    this.#timing = { startMs: 20_000, requestMs: 30_000, retryMs: 1000, ...options.timing }
  }

  /** Looks without bringing or starting anything; `unknown` where the host cannot be asked. */
  async state(signal?: AbortSignal): Promise<AgentState> {
    if (this.#channel) return 'running'
    try {
      return await agentStateOn(this.#options.sessions.session(this.host).transport, await this.#options.bundle(), this.#signal(signal))
    } catch {
      return 'unknown'
    }
  }

  /** Has the agent brought, started and attached. Rejects as `provideAgent` and `AgentChannel.open` do, with the transport's failures, or the signal's reason. */
  async ready(signal?: AbortSignal): Promise<Hello> {
    return (await this.#open(this.#signal(signal))).hello
  }

  /** Starts a move, or attaches to it where the agent already knows its job. */
  async start(spec: MoveSpec, route: DestinationRoute, signal?: AbortSignal): Promise<RemoteMove> {
    await this.#ask({ do: 'start', spec, route }, signal)
    return this.attach(spec.job, 0)
  }

  /** A move of that job from event number `since` on. Never rejects: a job that the agent does not know ends as `lost`. */
  attach(job: string, since: number): RemoteMove {
    const move = new RemoteMove(job, since, (command) => this.#ask(command))
    this.#moves.add(move)
    void move.ended.then(() => this.#moves.delete(move))
    if (this.#channel) void this.#attachOver(this.#channel, job)
    else void this.#reattach()
    return move
  }

  async list(signal?: AbortSignal): Promise<JobSummary[]> {
    return z.object({ jobs: z.array(jobSummary) }).parse(await this.#ask({ do: 'list' }, signal)).jobs
  }

  async status(signal?: AbortSignal): Promise<AgentStatus> {
    return agentStatus.parse(await this.#ask({ do: 'status' }, signal))
  }

  /** Drops the agent's history of an ended job. */
  async forget(job: string, signal?: AbortSignal): Promise<void> {
    await this.#ask({ do: 'forget', job }, signal)
  }

  /** Opens the destination's end of a job's tunnel, answered with its port. Rejects with `agent-tunnel-port`, `agent-tunnel-address`, `agent-no-libvirt`. */
  async openTunnel(
    tunnel: { job: string; address: string; ports: readonly [number, number]; identity: TlsIdentity; peerFingerprints: readonly string[]; carries: 'pages' | 'all' },
    signal?: AbortSignal,
  ): Promise<{ port: number }> {
    return z.object({ port: z.number() }).parse(await this.#ask({ do: 'tunnel-open', ...tunnel, ports: [...tunnel.ports], peerFingerprints: [...tunnel.peerFingerprints] }, signal))
  }

  async closeTunnel(job: string, signal?: AbortSignal): Promise<void> {
    await this.#ask({ do: 'tunnel-close', job }, signal)
  }

  /** How much of the memory of running VMs is the same. Rejects with `agent-cannot-sample`, or what the host's libvirt says. */
  async samplePages(vms: readonly { readonly name: string; readonly uuid: string; readonly memoryKiB: number }[], signal?: AbortSignal): Promise<Sharing> {
    return sharing.parse(await this.#ask({ do: 'sample-pages', vms: [...vms] }, signal))
  }

  /** Ends the agent and removes all that Drover put on the host. Rejects with `agent-busy` while a job runs or a tunnel is open there. */
  async removeFiles(signal?: AbortSignal): Promise<void> {
    const both = this.#signal(signal)
    const { transport } = this.#options.sessions.session(this.host)
    if ((await agentStateOn(transport, await this.#options.bundle(), both)) === 'running') {
      const { runningJobs, tunnels } = await this.status(both)
      if (runningJobs + tunnels.length > 0) {
        throw new Failure('agent-busy', 'The agent moves a VM right now.', { evidence: `${runningJobs} moves, ${tunnels.length} tunnels`, next: 'Wait for the move to end.' })
      }
      await this.#retire(both)
    }
    await removeAgentFiles(transport, both)
  }

  dispose(): void {
    this.#disposed.abort(new Failure('agent-channel', 'Drover lets go of the agent.'))
    this.#channel?.dispose()
    this.#progress.dispose()
  }

  #signal(signal: AbortSignal | undefined): AbortSignal {
    return signal ? AbortSignal.any([signal, this.#disposed.signal]) : this.#disposed.signal
  }

  async #ask(command: AgentCommand, signal?: AbortSignal): Promise<unknown> {
    const both = this.#signal(signal)
    const channel = await this.#open(both)
    return channel.request(command, { deadlineMs: this.#timing.requestMs, signal: both })
  }

  async #open(signal: AbortSignal): Promise<AgentChannel> {
    if (this.#channel) return this.#channel
    // One attempt serves all who wait; it ends with the link, not with the first of them.
    this.#opening ??= this.#openOn(this.#options.sessions.session(this.host).transport).finally(() => (this.#opening = null))
    const opening = this.#opening
    opening.catch(() => {})
    return Promise.race([
      opening,
      new Promise<never>((_, reject) => {
        if (signal.aborted) reject(signal.reason)
        else signal.addEventListener('abort', () => reject(signal.reason), { once: true })
      }),
    ])
  }

  async #openOn(transport: Transport): Promise<AgentChannel> {
    const { signal } = this.#disposed
    const bundle = await this.#options.bundle()
    const program = this.#programs.get(transport) ?? (await provideAgent(transport, bundle, { signal, onProgress: (progress) => this.#progress.fire(progress) }))
    this.#programs.set(transport, program)
    this.#progress.fire({ step: 'starting', bytes: 0, totalBytes: 0 })
    let channel = await this.#spawn(transport, program, signal)
    // Another version serves. Without work it makes room; with work it is understood as well: the protocol is the same.
    if (channel.hello.version !== bundle.version) {
      const answer = z.object({ isIdle: z.boolean() }).parse(await channel.request({ do: 'shutdown-when-idle' }, { deadlineMs: this.#timing.requestMs, signal }))
      if (answer.isIdle) {
        await channel.closed
        channel = await this.#spawn(transport, program, signal)
      }
    }
    const opened = channel
    this.#channel = opened
    opened.onDidReceiveEvent(({ job, event }) => {
      for (const move of this.#of(job)) move.take(event)
    })
    void opened.closed.then(() => {
      if (this.#channel === opened) this.#channel = null
      if (this.#moves.size > 0) void this.#reattach()
    })
    await Promise.all([...new Set([...this.#moves].map(({ job }) => job))].map((job) => this.#attachOver(opened, job)))
    return opened
  }

  async #spawn(transport: Transport, program: AgentProgram, signal: AbortSignal): Promise<AgentChannel> {
    const process = await transport.spawn([program.node, program.agent, 'attach'], { signal })
    try {
      return await AgentChannel.open(process, this.#timing.startMs, signal)
    } catch (thrown) {
      // Its files may have been removed under us: look again next time.
      this.#programs.delete(transport)
      throw thrown
    }
  }

  #of(job: string): RemoteMove[] {
    return [...this.#moves].filter((move) => move.job === job)
  }

  /** One attachment serves all who follow the job: from the earliest place on, and each passes over what it knows. */
  async #attachOver(channel: AgentChannel, job: string): Promise<void> {
    const followers = this.#of(job)
    if (followers.length === 0) return
    const since = Math.min(...followers.map(({ lastSeq }) => lastSeq))
    try {
      await channel.request({ do: 'attach', job, since }, { deadlineMs: this.#timing.requestMs })
    } catch (thrown) {
      if (!(thrown instanceof Failure) || thrown.code !== 'agent-unknown-job') return // The channel went: the next one attaches again.
      for (const move of this.#of(job)) move.giveUp('The agent on the source host knows nothing of this move any more.', thrown.message)
    }
  }

  /** Keeps trying while moves are watched. */
  async #reattach(): Promise<void> {
    if (this.#isReattaching) return
    this.#isReattaching = true
    const { signal } = this.#disposed
    try {
      while (this.#moves.size > 0 && !this.#channel && !signal.aborted) {
        try {
          await this.#options.sessions.whenOnline(this.host, signal)
          await this.#open(signal)
        } catch (thrown) {
          if (signal.aborted) return
          if (thrown instanceof Failure && thrown.code === 'host-unknown') {
            for (const move of [...this.#moves]) move.giveUp('The source host was removed from Drover.', messageOf(thrown))
            return
          }
          await delay(this.#timing.retryMs, signal)
        }
      }
    } catch {
      // Disposed.
    } finally {
      this.#isReattaching = false
    }
  }

  async #retire(signal: AbortSignal): Promise<void> {
    const channel = await this.#open(signal)
    await channel.request({ do: 'shutdown-when-idle' }, { deadlineMs: this.#timing.requestMs, signal })
    await channel.closed
  }
}
