import { join } from 'node:path'
import { duplexPair, PassThrough, type Duplex } from 'node:stream'
import { conduct } from '../../agent/conductor/conduct.ts'
import type { Journal } from '../../agent/conductor/move-handle.ts'
import type { DestinationRoute } from '../../agent/protocol/destination-route.ts'
import type { MoveSpec } from '../../agent/protocol/move-spec.ts'
import { AgentServer, type DrivenMove, type Tunnel } from '../../agent/server/agent-server.ts'
import { Histories } from '../../agent/server/histories.ts'
import type { Disposable } from '../../base/disposable.ts'
import { Emitter } from '../../base/event.ts'
import { Failure } from '../../base/failure.ts'
import { Connection } from '../../libvirt/client/connection.ts'
import type { RemoteProcess } from '../../transport/transport.ts'
import type { Daemon } from '../daemon/daemon.ts'
import { sampledSharing } from '../physics/common-pages.ts'
import { SimulatedRelay } from './simulated-relay.ts'

const firstPort = 49_216

/**
 * Drover's agent on a simulated host: its real server, histories and conductor, with the host's own daemon at the one end and the world's cables to the other. Only TLS between
 * agents is left out: nothing leaves this process.
 */
export class SimulatedAgent implements Disposable {
  readonly version: string
  readonly #daemon: Daemon
  readonly #server: AgentServer
  readonly #channels = new Set<RemoteProcess>()
  #isGone = false
  #ports = firstPort

  constructor(daemon: Daemon, version: string) {
    this.#daemon = daemon
    this.version = version
    const { machine, world } = daemon
    this.#server = new AgentServer({
      version,
      histories: new Histories(join(world.folder, machine.id), () => {}),
      log: () => {},
      tunnelTiming: { handshakeMs: 10_000, idleMs: 15 * 60_000 },
      drive: (spec, route, journal) => this.#drive(spec, route, journal),
      samplePages: async (vms) => sampledSharing(vms.flatMap(({ uuid }) => machine.domains.get(uuid)?.guest ?? [])),
      lingerMs: 2000,
      host: {
        hostname: machine.id,
        libvirtSocket: async () => '/run/libvirt/libvirt-sock',
        openTunnel: async ({ job, address }) => tunnel(job, address, this.#ports++),
      },
    })
    this.#server.onDidBecomeIdle(() => daemon.endAgent())
  }

  /** A channel as a program's three streams. */
  attach(): RemoteProcess {
    const [near, far] = duplexPair()
    const stop = () => void near.destroy()
    near.on('error', () => {})
    const exited = new Promise<{ code: number | null; signal: string | null }>((resolve) => near.once('close', () => resolve({ code: 0, signal: null })))
    const process: RemoteProcess = { stdin: near, stdout: near, stderr: new PassThrough(), exited, kill: stop, close: stop }
    this.#channels.add(process)
    void exited.then(() => this.#channels.delete(process))
    void this.#server.serve(far)
    return process
  }

  /** As when the machine goes: no move of it does anything any more. */
  dispose(): void {
    this.#isGone = true
    this.#server.dispose()
    for (const channel of this.#channels) channel.close()
  }

  #drive(spec: MoveSpec, first: DestinationRoute, journal: Journal): DrivenMove {
    let route = first
    const { machine, world } = this.#daemon
    const open = (dial: () => Duplex) => async (signal: AbortSignal) => {
      if (this.#isGone) throw new Failure('agent-gone', 'The agent has ended.')
      return Connection.open(dial(), { signal })
    }
    const here = () => {
      const [near, far] = duplexPair()
      this.#daemon.serve(far, false)
      return near
    }
    const relay = spec.relay && first.via === 'tunnel' ? new SimulatedRelay(world, machine, spec, spec.relay, first.host) : null
    const handle = conduct(spec, {
      source: { name: spec.hosts?.source ?? 'the source', open: open(here) },
      destination: { name: spec.hosts?.destination ?? 'the destination', open: open(() => world.dial(machine, route.via === 'tunnel' ? route.host : machine.address)) },
      journal: { append: (event) => (this.#isGone ? undefined : journal.append(event)), commit: (event) => (this.#isGone ? undefined : journal.commit(event)) },
      driver: 'agent',
      ...(relay ? { relay } : {}),
    })
    return { ...handle, setRoute: (next) => void (route = next) }
  }
}

/** Nothing is listened on: the world's own cables lead to the daemon. */
function tunnel(job: string, address: string, port: number): Tunnel {
  const closed = new Emitter<string>()
  return { job, address, port, connections: 0, refused: 0, onDidClose: closed.event, close: (reason = 'closed') => closed.fire(reason) }
}
