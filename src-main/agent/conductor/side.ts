import { within } from '../../base/abort.ts'
import { Failure } from '../../base/failure.ts'
import type { Connection } from '../../libvirt/client/connection.ts'

/** How the conductor reaches one of the two daemons. Each call opens a connection anew; the conductor closes it. */
export interface DaemonAccess {
  /** Of the host, for sentences. */
  readonly name: string
  open(signal: AbortSignal): Promise<Connection>
}

/** One of the two daemons: connections for the five calls, and a standing one for control that is opened anew when it was lost. */
export class Side {
  readonly name: string
  readonly which: 'source' | 'destination'
  readonly #access: DaemonAccess
  readonly #openMs: number
  readonly #opened = new Set<Connection>()
  #control: Connection | null = null
  #opening: Promise<Connection> | null = null
  #isClosed = false

  constructor(which: 'source' | 'destination', access: DaemonAccess, openMs: number) {
    this.which = which
    this.name = access.name
    this.#access = access
    this.#openMs = openMs
  }

  /** A connection of its own for calls that take long. Rejects with what opening it says, or `deadline`. */
  async open(signal: AbortSignal): Promise<Connection> {
    const late = new AbortController()
    const opening = this.#access.open(AbortSignal.any([signal, late.signal]))
    let connection: Connection
    try {
      connection = await within(this.#openMs, `Opening a connection to ${this.name}`, opening, signal)
    } catch (thrown) {
      late.abort(thrown)
      // Whatever comes too late is closed at once.
      opening.then((orphan) => orphan.close()).catch(() => {})
      throw thrown
    }
    if (this.#isClosed) {
      connection.close()
      throw new Failure('connection-lost', 'The move has ended.')
    }
    this.#opened.add(connection)
    connection.onDidClose(() => this.#opened.delete(connection))
    return connection
  }

  /** The standing connection for short calls. */
  async control(signal: AbortSignal): Promise<Connection> {
    if (this.#control?.isOpen) return this.#control
    this.#opening ??= this.open(signal).finally(() => (this.#opening = null))
    this.#control = await this.#opening
    return this.#control
  }

  /** The standing connection if it is open right now. */
  get openControl(): Connection | null {
    return this.#control?.isOpen ? this.#control : null
  }

  close(): void {
    this.#isClosed = true
    for (const connection of [...this.#opened]) connection.close()
  }
}
