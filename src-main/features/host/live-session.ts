import type { HostFacts } from '../../contract/host.ts'
import { Failure } from '../../base/failure.ts'
import type { Log } from '../../base/log.ts'
import { Connection } from '../../libvirt/client/connection.ts'
import { readCapabilities, type Capabilities } from '../../libvirt/xml/capabilities/host.ts'
import type { LibvirtRoute, Transport } from '../../transport/transport.ts'
import { readFacts } from './facts.ts'
import type { HostSession } from './host-session.ts'

/** A session that is kept by its {@link HostLink}. */
export class LiveSession implements HostSession {
  readonly host: string
  readonly transport: Transport
  readonly connection: Connection
  readonly capabilities: Capabilities
  readonly facts: HostFacts
  readonly route: LibvirtRoute
  readonly isWritable: boolean
  readonly missing: string[]
  readonly ended: AbortSignal
  readonly #end: AbortController
  readonly #name: () => string
  readonly #log: Log

  private constructor(parts: {
    host: string
    name: () => string
    transport: Transport
    connection: Connection
    capabilities: Capabilities
    facts: HostFacts
    route: LibvirtRoute
    isWritable: boolean
    log: Log
  }) {
    this.host = parts.host
    this.#name = parts.name
    this.transport = parts.transport
    this.connection = parts.connection
    this.capabilities = parts.capabilities
    this.facts = parts.facts
    this.route = parts.route
    this.isWritable = parts.isWritable
    this.#log = parts.log
    this.missing = parts.isWritable ? [] : ['Only libvirt’s read-only socket could be opened: VMs can be seen, not changed or moved.']
    this.#end = new AbortController()
    this.ended = this.#end.signal
    parts.connection.onDidClose((state) => this.close(state.kind === 'lost' ? state.reason : null))
  }

  /** Opens the control connection and reads what the host is. Rejects with a Failure of transport or client, or the signal's reason. */
  static async open(options: { host: string; name: () => string; transport: Transport; log: Log; signal: AbortSignal }): Promise<LiveSession> {
    const { transport, log, signal } = options
    const channel = await transport.openLibvirt({ signal })
    const connection = await Connection.open(channel.stream, { readOnly: !channel.isWritable, signal })
    try {
      const { capabilities: xml } = await connection.call('connectGetCapabilities', undefined, { signal })
      const capabilities = readCapabilities(xml)
      const facts = await readFacts(connection, transport, capabilities, signal)
      return new LiveSession({ ...options, connection, capabilities, facts, route: channel.route, isWritable: channel.isWritable, log })
    } catch (thrown) {
      connection.close()
      throw thrown
    }
  }

  get name(): string {
    return this.#name()
  }

  /** Resolves with what ended the session. */
  get whenEnded(): Promise<unknown> {
    return new Promise((resolve) => {
      if (this.ended.aborted) resolve(this.ended.reason)
      else this.ended.addEventListener('abort', () => resolve(this.ended.reason), { once: true })
    })
  }

  async openConnection(signal?: AbortSignal): Promise<Connection> {
    const either = signal ? AbortSignal.any([signal, this.ended]) : this.ended
    const channel = await this.transport.openLibvirt({ readOnly: !this.isWritable, signal: either })
    return Connection.open(channel.stream, { readOnly: !channel.isWritable, signal: either })
  }

  close(reason: unknown): void {
    if (this.ended.aborted) return
    this.#log.info('libvirt session ended')
    this.#end.abort(reason ?? new Failure('connection-lost', `The connection to libvirt on ${this.name} was closed.`))
    this.connection.close()
  }
}
