import { Readable, type Duplex } from 'node:stream'
import { Emitter } from '../base/event.ts'
import { Failure, messageOf } from '../base/failure.ts'
import type { Log } from '../base/log.ts'
import { formatAddress, type HostAddress } from '../transport/address.ts'
import type { ExecResult, LibvirtChannel, RemoteProcess, Transport, TransportState } from '../transport/transport.ts'
import type { Ask, Consent, Secrets } from './ask.ts'
import type { ConfigSources } from './config.ts'
import { ChannelRefused, type SshConnection } from './connection.ts'
import { uploadByExec } from './exec-upload.ts'
import { connectChain, type Chain } from './hops.ts'
import { LibvirtRoutes } from './libvirt-routes.ts'
import { Prompter } from './prompter.ts'
import { runToEnd, startProcess, type Running } from './remote-process.ts'
import { Sessions } from './sessions.ts'
import { uploadBySftp, type UploadOptions } from './sftp-upload.ts'
import { SudoPassword } from './sudo.ts'

export interface SshTransportOptions {
  readonly address: Extract<HostAddress, { scheme: 'ssh' }>
  /** Where ssh_config is read from; OpenSSH's files by default. */
  readonly sources?: ConfigSources
  /** Known hosts in place of what the configuration names (the first is written to); for the lab and for tests. */
  readonly knownHostsFiles?: readonly string[]
  readonly ask: Ask
  /** Whether a Match exec or ProxyCommand line was allowed before; by default none was. */
  readonly consent?: Consent
  readonly secrets?: Secrets
  /** Between two signs of life in ms; by default ServerAliveInterval, else 10 s. Three without an answer (ServerAliveCountMax) end the connection. */
  readonly keepaliveMs?: number
  /** For each hop in ms, not counting the time in which a person is asked; by default ConnectTimeout, else 30 s. */
  readonly connectDeadlineMs?: number
  /** Takes what is being done while the connection is made. */
  readonly report?: (step: string) => void
  readonly log: Log
  /** Ends the attempt to connect; it has no effect on an open transport. */
  readonly signal?: AbortSignal
}

/** A host over one multiplexed SSH connection (and those of its jump hosts). */
export class SshTransport implements Transport {
  readonly address: string
  readonly #chain: Chain
  readonly #connection: SshConnection
  readonly #sessions = new Sessions()
  readonly #libvirt: LibvirtRoutes
  readonly #closed = new AbortController()
  readonly #changed = new Emitter<TransportState>()
  #state: TransportState = { kind: 'open' }
  #hasSftp = true
  readonly onDidChangeState = this.#changed.event

  /** Connects and logs in. Rejects with a Failure (see TransportFailureCode), or the signal's reason, with everything closed. */
  static async open(options: SshTransportOptions): Promise<SshTransport> {
    const chain = await connectChain(options.address, {
      sources: options.sources ?? {},
      knownHostsFiles: options.knownHostsFiles ?? null,
      ask: options.ask,
      consent: options.consent ?? (() => false),
      secrets: options.secrets ?? null,
      log: options.log,
      signal: options.signal ?? new AbortController().signal,
      keepaliveMs: options.keepaliveMs ?? null,
      connectDeadlineMs: options.connectDeadlineMs ?? null,
      report: options.report ?? (() => {}),
    })
    return new SshTransport(chain, options)
  }

  private constructor(chain: Chain, { address, ask, secrets, log }: SshTransportOptions) {
    this.address = formatAddress(address)
    this.#chain = chain
    this.#connection = chain.connection
    const { original: host, user, hostname, port } = chain.config
    this.#libvirt = new LibvirtRoutes({
      connection: chain.connection,
      host,
      start: (argv, signal) => this.#start(argv, signal),
      exec: (argv, signal) => this.#exec(argv, undefined, signal),
      sudo: new SudoPassword({ host, user, key: `sudo-password:${user}@${hostname}:${port}` }),
      prompter: (signal) => new Prompter({ ask, secrets: secrets ?? null, log, signal }),
    })
    this.#connection.onDidClose((failure) => this.#end(failure))
    if (!this.#connection.isOpen) this.#end(this.#connection.ending)
  }

  get state(): TransportState {
    return this.#state
  }

  openLibvirt(options: { readOnly?: boolean; signal?: AbortSignal } = {}): Promise<LibvirtChannel> {
    return this.#libvirt.open(options.readOnly ?? false, this.#signal(options.signal))
  }

  async exec(
    argv: readonly string[],
    options: { stdin?: string | Buffer; deadlineMs?: number; signal?: AbortSignal } = {},
  ): Promise<ExecResult> {
    const { deadlineMs } = options
    const limit = new AbortController()
    const timer =
      deadlineMs === undefined ? undefined : setTimeout(() => limit.abort(new Failure('deadline', `${argv[0]} took longer than ${deadlineMs} ms.`)), deadlineMs)
    try {
      return await this.#exec(argv, options.stdin, AbortSignal.any([this.#signal(options.signal), limit.signal]))
    } finally {
      clearTimeout(timer)
    }
  }

  async spawn(argv: readonly string[], options: { signal?: AbortSignal } = {}): Promise<RemoteProcess> {
    const signal = this.#signal(options.signal)
    const running = await this.#start(argv, signal)
    if (options.signal) {
      const onAbort = () => running.abandon()
      options.signal.addEventListener('abort', onAbort, { once: true })
      running.stream.once('close', () => options.signal?.removeEventListener('abort', onAbort))
      if (options.signal.aborted) onAbort()
    }
    return running
  }

  async upload(
    content: Buffer | Readable,
    path: string,
    options: { mode: number; signal?: AbortSignal; onProgress?: (bytes: number) => void },
  ): Promise<void> {
    const signal = this.#signal(options.signal)
    const upload: UploadOptions = { mode: options.mode, signal, onProgress: options.onProgress }
    try {
      if (this.#hasSftp && (await this.#bySftp(content, path, upload))) return
      await this.#sessions.short(
        (open) =>
          uploadByExec(
            (argv) => open(() => startProcess(this.#connection, argv, signal)),
            // Also what tidies up after an abort, so it goes by the connection's life only.
            async (argv) => runToEnd(await startProcess(this.#connection, argv, this.#closed.signal), undefined, this.#closed.signal),
            content,
            path,
            upload,
          ),
        signal,
      )
    } catch (error) {
      if (content instanceof Readable) content.destroy()
      signal.throwIfAborted()
      if (error instanceof Failure) throw error
      throw new Failure('upload-failed', `${path} could not be written on ${this.#chain.config.original}.`, { evidence: messageOf(error), cause: error })
    }
  }

  async openTcp(host: string, port: number, options: { signal?: AbortSignal } = {}): Promise<Duplex> {
    return this.#connection.openTcp(host, port, this.#signal(options.signal)).catch((error: unknown) => {
      if (!(error instanceof ChannelRefused)) throw error
      if (error.reason === 'prohibited') {
        throw new Failure('ssh-forwarding-refused', `${this.#chain.config.original} does not forward TCP connections.`, {
          evidence: error.message,
          next: 'Allow AllowTcpForwarding in the host’s sshd_config.',
        })
      }
      throw new Failure('tcp-connect-failed', `${this.#chain.config.original} cannot connect to ${host} port ${port}.`, { evidence: error.message })
    })
  }

  async openSocket(path: string, options: { signal?: AbortSignal } = {}): Promise<Duplex> {
    return this.#connection.openSocket(path, this.#signal(options.signal)).catch((error: unknown) => {
      if (!(error instanceof ChannelRefused)) throw error
      throw new Failure('socket-connect-failed', `The socket ${path} on ${this.#chain.config.original} could not be opened.`, {
        evidence: error.message,
        next: 'Check that it is there, that the user may open it, and that sshd_config has AllowStreamLocalForwarding yes.',
      })
    })
  }

  close(): void {
    this.#connection.close()
    this.#end(null)
  }

  /** True where the file was written; false where the server has no SFTP. */
  async #bySftp(content: Buffer | Readable, path: string, upload: UploadOptions): Promise<boolean> {
    return this.#sessions.short(async (open) => {
      const sftp = await open(() => this.#connection.sftp(upload.signal)).catch((error: unknown) => {
        if (error instanceof ChannelRefused && error.reason === 'other') return null
        throw error
      })
      if (!sftp) {
        this.#hasSftp = false
        return false
      }
      try {
        await uploadBySftp(sftp, content, path, upload)
        return true
      } catch (error) {
        if (!this.#connection.isOpen) throw this.#connection.ending
        throw error
      } finally {
        sftp.end()
      }
    }, upload.signal)
  }

  #exec(argv: readonly string[], stdin: string | Buffer | undefined, signal: AbortSignal): Promise<ExecResult> {
    return this.#sessions.short(async (open) => runToEnd(await open(() => startProcess(this.#connection, argv, signal)), stdin, signal), signal)
  }

  async #start(argv: readonly string[], signal: AbortSignal): Promise<Running> {
    const { opened, release } = await this.#sessions.long(() => startProcess(this.#connection, argv, signal), signal)
    // Not the end of its stream, which nobody may ever read to the end.
    void opened.exited.then(release)
    return opened
  }

  #end(failure: Failure | null): void {
    if (this.#state.kind === 'closed') return
    this.#state = { kind: 'closed', failure }
    this.#closed.abort(failure ?? this.#connection.ending)
    for (const connection of [...this.#chain.connections].reverse()) connection.close()
    this.#changed.fire(this.#state)
    this.#changed.dispose()
  }

  #signal(signal: AbortSignal | undefined): AbortSignal {
    return signal ? AbortSignal.any([signal, this.#closed.signal]) : this.#closed.signal
  }
}
