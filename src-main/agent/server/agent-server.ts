import { hostname } from 'node:os'
import type { Duplex } from 'node:stream'
import { Emitter } from '../../base/event.ts'
import { Failure, messageOf } from '../../base/failure.ts'
import type { Journal, MoveHandle } from '../conductor/move-handle.ts'
import { findLibvirtSocket } from '../libvirt-socket.ts'
import type { DestinationRoute } from '../protocol/destination-route.ts'
import { LineChannel } from '../protocol/line-channel.ts'
import { protocolVersion, type AgentRequest, type AgentStatus, type Hello } from '../protocol/message.ts'
import type { MoveSpec } from '../protocol/move-spec.ts'
import { takePageLink, type PageRole } from '../relay/page-link.ts'
import { openTunnel, type TunnelListener, type TunnelOptions, type TunnelTiming } from '../tunnel/tunnel-listener.ts'
import type { AgentLog } from './agent-log.ts'
import type { Histories } from './histories.ts'
import { serveChannel } from './server-channel.ts'

/** A move that this agent drives; its destination may be given a new way. */
export interface DrivenMove extends MoveHandle {
  setRoute(route: DestinationRoute): void
}

/** As much of a tunnel's end as the server needs. */
export type Tunnel = Pick<TunnelListener, 'job' | 'address' | 'port' | 'connections' | 'refused' | 'onDidClose' | 'close'>

/** What an agent has of the host that it is on. */
export interface AgentHost {
  readonly hostname: string
  /** The daemon's socket; rejects with `agent-no-libvirt`. */
  libvirtSocket(): Promise<string>
  openTunnel(options: TunnelOptions): Promise<Tunnel>
}

export interface AgentServerOptions {
  readonly version: string
  readonly histories: Histories
  readonly log: AgentLog
  readonly tunnelTiming: TunnelTiming
  readonly drive: (spec: MoveSpec, route: DestinationRoute, journal: Journal, log: AgentLog) => DrivenMove
  /** What this agent can be for memory on its way; default: nothing. */
  readonly pageRoles?: Readonly<Record<string, PageRole>>
  /** Looks at some pages of running VMs; left out where that cannot be. */
  readonly samplePages?: (vms: Extract<AgentRequest, { do: 'sample-pages' }>['vms']) => Promise<unknown>
  /** Candidates; default libvirt's usual ones. */
  readonly libvirtSockets?: readonly string[]
  /** Default: this machine. */
  readonly host?: AgentHost
  /** Milliseconds without channel, running job and tunnel until `onDidBecomeIdle`. */
  readonly lingerMs: number
}

/** Serves all jobs of a host over any number of channels. It knows no socket and no process: whoever made it gives it channels and ends it when it is idle. */
export class AgentServer {
  readonly #options: AgentServerOptions
  readonly #moves = new Map<string, DrivenMove>()
  readonly #host: AgentHost
  readonly #tunnels = new Map<string, Tunnel>()
  readonly #idle = new Emitter<void>()
  readonly #startedAt = Date.now()
  #channels = 0
  #isRetiring = false
  #lingering: NodeJS.Timeout | undefined

  readonly onDidBecomeIdle = this.#idle.event

  constructor(options: AgentServerOptions) {
    this.#options = options
    this.#host = options.host ?? { hostname: hostname(), libvirtSocket: () => findLibvirtSocket(options.libvirtSockets), openTunnel }
    this.#rest()
  }

  /** Without a job and without a tunnel: nothing is lost by ending it. */
  get isFree(): boolean {
    return this.#moves.size === 0 && this.#tunnels.size === 0
  }

  async serve(stream: Duplex): Promise<void> {
    this.#channels += 1
    clearTimeout(this.#lingering)
    try {
      await serveChannel(new LineChannel(stream), {
        hello: () => this.#hello(),
        answer: (request) => this.#answer(request),
        history: (job) => this.#options.histories.get(job),
      })
    } finally {
      this.#channels -= 1
      this.#rest()
    }
  }

  /** Closes tunnels. Moves go on in their own way: whoever disposes asks {@link isFree} first. */
  dispose(): void {
    clearTimeout(this.#lingering)
    for (const tunnel of [...this.#tunnels.values()]) tunnel.close('the agent ends')
    this.#idle.dispose()
  }

  #rest(): void {
    clearTimeout(this.#lingering)
    if (!this.isFree || (this.#channels > 0 && !this.#isRetiring)) return
    this.#lingering = setTimeout(() => this.#idle.fire(), this.#isRetiring ? 0 : this.#options.lingerMs)
  }

  #hello(): Hello {
    return {
      hello: 'drover-agent',
      protocol: protocolVersion,
      version: this.#options.version,
      pid: process.pid,
      uid: process.getuid?.() ?? -1,
      hostname: this.#host.hostname,
      node: process.version,
      now: Date.now(),
    }
  }

  async #answer(request: AgentRequest): Promise<unknown> {
    switch (request.do) {
      case 'start':
        return this.#start(request.spec, request.route)
      case 'list':
        return { jobs: this.#options.histories.all().map((history) => history.summary()) }
      case 'cancel':
        await this.#move(request.job).cancel()
        return {}
      case 'limits':
        await this.#move(request.job).setLimits({
          ...(request.bandwidthMiBps === undefined ? {} : { bandwidthMiBps: request.bandwidthMiBps }),
          ...(request.downtimeMs === undefined ? {} : { downtimeMs: request.downtimeMs }),
        })
        return {}
      case 'switch':
        await this.#move(request.job).switchToPostcopy()
        return {}
      case 'recover': {
        const move = this.#move(request.job)
        if (request.route) move.setRoute(request.route)
        await move.recover()
        return {}
      }
      case 'forget':
        if (this.#options.histories.get(request.job)?.summary().state === 'running') throw new Failure('agent-busy', 'The job still runs.')
        this.#options.histories.forget(request.job)
        return {}
      case 'tunnel-open':
        return this.#openTunnel(request)
      case 'tunnel-close':
        this.#tunnels.get(request.job)?.close('the desktop closed it')
        return {}
      case 'sample-pages':
        if (!this.#options.samplePages) throw new Failure('agent-cannot-sample', 'This agent cannot look at the memory of VMs.')
        return this.#options.samplePages(request.vms)
      case 'status':
        return this.#status()
      case 'shutdown-when-idle':
        this.#isRetiring = true
        setImmediate(() => this.#rest())
        return { isIdle: this.isFree }
      case 'attach':
      case 'detach':
        // The channel's own.
        return {}
    }
  }

  #move(job: string): DrivenMove {
    const move = this.#moves.get(job)
    if (move) return move
    const isKnown = this.#options.histories.get(job) !== undefined
    throw isKnown ? new Failure('move-ended', 'The move has already ended.') : new Failure('agent-unknown-job', `The agent knows no job ${job}.`)
  }

  #start(spec: MoveSpec, route: DestinationRoute): { isNew: boolean } {
    if (this.#options.histories.get(spec.job)) return { isNew: false }
    const rival = [...this.#moves.keys()].find((job) => this.#options.histories.get(job)?.summary().vm.uuid === spec.vm.uuid)
    if (rival !== undefined) {
      throw new Failure('move-running', `${spec.vm.name} is already being moved, by another Drover.`, { evidence: `job ${rival}`, next: 'Wait until that has ended, then look where the VM is.' })
    }
    const history = this.#options.histories.create(spec.job)
    this.#options.log('info', `job ${spec.job}: ${spec.technique} move of ${spec.vm.uuid}`)
    const move = this.#options.drive(spec, route, { append: (event) => history.append(event), commit: (event) => history.commit(event) }, this.#options.log)
    this.#moves.set(spec.job, move)
    void move.ended.then((outcome) => {
      this.#options.log('info', `job ${spec.job}: ${outcome.kind}`)
      this.#moves.delete(spec.job)
      this.#rest()
    })
    return { isNew: true }
  }

  async #openTunnel(request: Extract<AgentRequest, { do: 'tunnel-open' }>): Promise<{ port: number }> {
    const { job } = request
    const { log, pageRoles = {} } = this.#options
    const target = request.carries === 'pages' ? null : await this.#host.libvirtSocket()
    const tunnel = await this.#host.openTunnel({
      job,
      address: request.address,
      ports: request.ports,
      identity: request.identity,
      peerFingerprints: request.peerFingerprints,
      target,
      takePages: (link, { closed, windDown }) => takePageLink(pageRoles, link, { job, identity: request.identity, log, signal: closed, windDown }),
      timing: this.#options.tunnelTiming,
      log,
    })
    this.#tunnels.get(job)?.close('a new one replaces it')
    this.#tunnels.set(job, tunnel)
    log('info', `tunnel ${job}: listening on ${tunnel.address}, port ${tunnel.port}`)
    tunnel.onDidClose((reason) => {
      log('info', `tunnel ${job}: closed: ${reason}`)
      if (this.#tunnels.get(job) === tunnel) this.#tunnels.delete(job)
      this.#rest()
    })
    return { port: tunnel.port }
  }

  async #status(): Promise<AgentStatus> {
    const jobs = this.#options.histories.all().map((history) => history.summary().state)
    return {
      version: this.#options.version,
      pid: process.pid,
      upSeconds: (Date.now() - this.#startedAt) / 1000,
      channels: this.#channels,
      runningJobs: jobs.filter((state) => state === 'running').length,
      endedJobs: jobs.filter((state) => state === 'ended').length,
      tunnels: [...this.#tunnels.values()].map(({ job, address, port, connections, refused }) => ({ job, address, port, connections, refused })),
      libvirtSocket: await this.#host.libvirtSocket().catch((thrown: unknown) => {
        this.#options.log('warning', messageOf(thrown))
        return null
      }),
    }
  }
}
