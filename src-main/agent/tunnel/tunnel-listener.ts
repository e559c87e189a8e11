import { connect as connectSocket, type Server, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { createServer, type TLSSocket } from 'node:tls'
import { Emitter } from '../../base/event.ts'
import { Failure, messageOf } from '../../base/failure.ts'
import type { TlsIdentity } from '../protocol/destination-route.ts'

/** What a client says it wants, as TLS's application protocol: a connection to the daemon, one for memory on its way, or the tunnel's end. */
export const tunnelProtocols = { libvirt: 'drover-libvirt', pages: 'drover-pages', end: 'drover-end' } as const

export interface TunnelTiming {
  /** Milliseconds for a TLS handshake. */
  readonly handshakeMs: number
  /** Milliseconds without any connection after which the tunnel closes by itself: the backstop for a source that never says that it is done. */
  readonly idleMs: number
}

export interface TunnelOptions {
  readonly job: string
  /** The one local address that is listened on. */
  readonly address: string
  /** First and last port to try; 0 to 0 lets the system choose. */
  readonly ports: readonly [number, number]
  readonly identity: TlsIdentity
  /** SHA-256 of the client certificates that are let in, as Node prints it. */
  readonly peerFingerprints: readonly string[]
  /** The daemon's socket; null: the daemon is not for these peers. */
  readonly target: string | null
  /** Takes a connection for memory on its way, and owns it. Resolves when all that it set off is done, which may be long after the connection's end. */
  readonly takePages: (link: Duplex, tunnel: { readonly closed: AbortSignal; readonly windDown: () => void }) => Promise<void>
  readonly timing: TunnelTiming
  readonly log: (level: 'info' | 'warning', text: string) => void
}

/** More than a conductor ever opens; a stranger cannot pile up connections beyond it. */
const mostConnections = 64
/** Milliseconds without any connection when nothing is left to do. */
const doneIdleMs = 10_000

/**
 * The destination's end of a job's tunnel: a mutual-TLS listener that splices the job's peer, and nobody else, to the local libvirt daemon, and takes its memory on its way.
 * Made by {@link openTunnel}; ends by `close`, by the peer's word, or when idle for too long.
 */
export class TunnelListener {
  readonly job: string
  readonly address: string
  readonly port: number
  readonly #options: TunnelOptions
  readonly #server: Server
  readonly #connections = new Set<Socket>()
  readonly #closed = new Emitter<string>()
  #idleTimer: NodeJS.Timeout | undefined
  #refused = 0
  #isClosed = false
  /** Page roles at work. From the switch on they hold what is nowhere else: they are not ended by the peer's word. */
  #working = 0
  #isRetiring = false
  #idleMs: number
  readonly #abort = new AbortController()

  /** Fires once, with why. */
  readonly onDidClose = this.#closed.event

  constructor(server: Server, port: number, options: TunnelOptions) {
    this.#options = options
    this.#idleMs = options.timing.idleMs
    this.#server = server
    this.job = options.job
    this.address = options.address
    this.port = port
    server.on('secureConnection', (socket: TLSSocket) => this.#accept(socket))
    server.on('tlsClientError', (thrown: Error, socket: TLSSocket) => this.#refuse(socket, messageOf(thrown)))
    this.#rest()
  }

  get connections(): number {
    return this.#connections.size
  }

  /** Strangers turned away so far. */
  get refused(): number {
    return this.#refused
  }

  close(reason = 'closed'): void {
    if (this.#isClosed) return
    this.#isClosed = true
    clearTimeout(this.#idleTimer)
    this.#server.close()
    this.#abort.abort(new Failure('agent-tunnel-closed', `The tunnel was closed: ${reason}.`))
    for (const socket of this.#connections) socket.destroy()
    this.#closed.fire(reason)
    this.#closed.dispose()
  }

  #refuse(socket: Socket, why: string): void {
    this.#refused += 1
    this.#options.log('warning', `tunnel ${this.job}: refused ${socket.remoteAddress ?? 'a stranger'}: ${why}`)
    socket.destroy()
  }

  #accept(socket: TLSSocket): void {
    socket.on('error', () => socket.destroy())
    if (this.#isClosed) return void socket.destroy()
    if (!socket.authorized || !this.#options.peerFingerprints.includes(socket.getPeerCertificate().fingerprint256)) return this.#refuse(socket, 'not the certificate of this job')
    if (socket.alpnProtocol === tunnelProtocols.end) {
      socket.end()
      this.#isRetiring = true
      return this.#rest()
    }
    if (this.#connections.size >= mostConnections) return this.#refuse(socket, 'too many connections')
    const { target } = this.#options
    if (socket.alpnProtocol === tunnelProtocols.pages) void this.#takePages(socket)
    else if (socket.alpnProtocol === tunnelProtocols.libvirt && target !== null) this.#splice(socket, target)
    else this.#refuse(socket, 'it did not say what it wants')
  }

  #keep(socket: TLSSocket): void {
    clearTimeout(this.#idleTimer)
    socket.setNoDelay(true)
    socket.setKeepAlive(true, 5000)
    this.#connections.add(socket)
    socket.on('close', () => {
      this.#connections.delete(socket)
      this.#rest()
    })
  }

  async #takePages(socket: TLSSocket): Promise<void> {
    this.#keep(socket)
    this.#working += 1
    try {
      await this.#options.takePages(socket, { closed: this.#abort.signal, windDown: () => this.#windDown() })
    } catch (thrown) {
      this.#options.log('warning', `tunnel ${this.job}: pages: ${messageOf(thrown)}`)
      socket.destroy()
    }
    this.#working -= 1
    this.#rest()
  }

  #splice(socket: TLSSocket, path: string): void {
    this.#keep(socket)
    const target = connectSocket(path)
    target.on('error', (thrown) => {
      this.#options.log('warning', `tunnel ${this.job}: libvirt socket: ${messageOf(thrown)}`)
      target.destroy()
    })
    socket.pipe(target).pipe(socket)
    target.on('close', () => socket.destroy())
    socket.on('close', () => target.destroy())
  }

  /** The job has what it wanted: should the source never say so, the tunnel does not wait for it for long. */
  #windDown(): void {
    this.#idleMs = Math.min(this.#idleMs, doneIdleMs)
    this.#rest()
  }

  #rest(): void {
    if (this.#isClosed || this.#working > 0) return
    if (this.#isRetiring) return this.close('the source is done')
    if (this.#connections.size > 0) return
    clearTimeout(this.#idleTimer)
    this.#idleTimer = setTimeout(() => this.close('idle for too long'), this.#idleMs)
  }
}

/** Listens on the first free port of the range. Rejects with `agent-tunnel-port` when none is free, `agent-tunnel-address` when the address is not of this host. */
export async function openTunnel(options: TunnelOptions): Promise<TunnelListener> {
  const [first, last] = options.ports
  let lastError: NodeJS.ErrnoException | undefined
  for (let port = first; port <= last; port++) {
    const server = createServer({
      ca: options.identity.ca,
      cert: options.identity.certificate,
      key: options.identity.key,
      requestCert: true,
      rejectUnauthorized: true,
      minVersion: 'TLSv1.3',
      handshakeTimeout: options.timing.handshakeMs,
      ALPNProtocols: Object.values(tunnelProtocols),
    })
    server.maxConnections = mostConnections * 2
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject)
        server.listen({ host: options.address, port, exclusive: true }, () => {
          server.off('error', reject)
          resolve()
        })
      })
      const bound = server.address()
      return new TunnelListener(server, typeof bound === 'object' && bound ? bound.port : port, options)
    } catch (thrown) {
      server.close()
      lastError = thrown as NodeJS.ErrnoException
      if (lastError.code !== 'EADDRINUSE' && lastError.code !== 'EACCES') break
    }
  }
  if (lastError?.code === 'EADDRINUSE' || lastError?.code === 'EACCES') {
    throw new Failure('agent-tunnel-port', `No port from ${first} to ${last} is free on ${options.address}.`, {
      evidence: lastError.message,
      next: 'Set another port range for the host.',
      cause: lastError,
    })
  }
  throw new Failure('agent-tunnel-address', `The destination cannot listen on ${options.address}.`, { evidence: messageOf(lastError), cause: lastError })
}
