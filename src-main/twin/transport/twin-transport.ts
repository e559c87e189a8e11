import { createHash } from 'node:crypto'
import { duplexPair, type Duplex, type Readable } from 'node:stream'
import { Emitter } from '../../base/event.ts'
import { Failure } from '../../base/failure.ts'
import type { ExecResult, LibvirtChannel, RemoteProcess, Transport, TransportState } from '../../transport/transport.ts'
import type { Daemon } from '../daemon/daemon.ts'
import { serveDisplay } from '../screen/display.ts'
import { stateFile } from '../shell/state-file.ts'
import { runCommand } from '../shell/commands.ts'

/** The way to a simulated host: everything stays in this process, nothing is different for whoever uses it. */
export class TwinTransport implements Transport {
  readonly address: string
  readonly #daemon: Daemon
  readonly #changed = new Emitter<TransportState>()
  #state: TransportState = { kind: 'open' }
  readonly #processes = new Set<RemoteProcess>()
  readonly onDidChangeState = this.#changed.event

  constructor(address: string, daemon: Daemon) {
    this.address = address
    this.#daemon = daemon
    daemon.machine.onDidCrash(() => this.#end(new Failure('ssh-connection-lost', `The connection to ${daemon.machine.id} was lost.`, { evidence: 'the host does not answer any more' })))
  }

  get state(): TransportState {
    return this.#state
  }

  async openLibvirt(options: { readOnly?: boolean; signal?: AbortSignal } = {}): Promise<LibvirtChannel> {
    this.#check(options.signal)
    const [near, far] = duplexPair()
    this.#daemon.serve(far, options.readOnly ?? false)
    return { stream: near, route: 'twin', isWritable: options.readOnly !== true }
  }

  async exec(argv: readonly string[], options: { signal?: AbortSignal } = {}): Promise<ExecResult> {
    this.#check(options.signal)
    this.#daemon.world.clock.catchUp()
    return runCommand(this.#daemon, argv)
  }

  /** The programs that run there are Drover's agent (`NODE agent-VERSION.mjs attach`), and what reads and writes the file of a saved guest. */
  async spawn(argv: readonly string[], options: { signal?: AbortSignal } = {}): Promise<RemoteProcess> {
    this.#check(options.signal)
    const file = stateFile(this.#daemon.machine, argv)
    if (file) return file
    const version = /agent-([0-9a-f]+)\.mjs$/.exec(argv[1] ?? '')?.[1]
    if (version === undefined || argv[2] !== 'attach' || !this.#daemon.machine.files.has(argv[1] ?? '')) {
      throw new Failure('exec-failed', `${this.#daemon.machine.id} is simulated and runs no programs but the agent.`, { evidence: argv.slice(0, 2).join(' ') })
    }
    const process = this.#daemon.agent(version).attach()
    this.#processes.add(process)
    void process.exited.then(() => this.#processes.delete(process))
    return process
  }

  async upload(content: Buffer | Readable, path: string, options: { mode: number; signal?: AbortSignal; onProgress?: (bytes: number) => void }): Promise<void> {
    this.#check(options.signal)
    const hash = createHash('sha256')
    let bytes = 0
    for await (const piece of Buffer.isBuffer(content) ? [content] : content) {
      hash.update(piece as Buffer)
      options.onProgress?.((bytes += (piece as Buffer).length))
    }
    this.#daemon.machine.files.set(path, hash.digest('hex'))
  }

  /** The ports on which somebody listens are those of the guests' displays. */
  async openTcp(host: string, port: number, options: { signal?: AbortSignal } = {}): Promise<Duplex> {
    this.#check(options.signal)
    const domain = ['127.0.0.1', '::1', 'localhost'].includes(host) ? [...this.#daemon.machine.domains.values()].find(({ displayPort }) => displayPort === port) : undefined
    if (domain) {
      const [near, far] = duplexPair()
      serveDisplay(far, domain, this.#daemon.world.clock)
      return near
    }
    throw new Failure('tcp-connect-failed', `Nobody listens at ${host}, port ${port}.`, { evidence: 'Connection refused' })
  }

  async openSocket(path: string): Promise<Duplex> {
    throw new Failure('socket-connect-failed', `Nobody listens at ${path}.`)
  }

  close(): void {
    this.#end(null)
  }

  #check(signal: AbortSignal | undefined): void {
    signal?.throwIfAborted()
    if (this.#state.kind === 'closed') throw new Failure('transport-closed', 'The connection was closed.')
  }

  #end(failure: Error | null): void {
    if (this.#state.kind === 'closed') return
    this.#state = { kind: 'closed', failure }
    for (const process of this.#processes) process.close()
    this.#changed.fire(this.#state)
  }
}
