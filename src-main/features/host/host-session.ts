import type { HostFacts, HostRecord } from '../../contract/host.ts'
import type { Event } from '../../base/event.ts'
import type { Connection } from '../../libvirt/client/connection.ts'
import type { Capabilities } from '../../libvirt/xml/capabilities/host.ts'
import type { Transport } from '../../transport/transport.ts'

/** A host that is online: its transport and its libvirt connections. It ends when the connection is lost; a later one is a new session. */
export interface HostSession {
  readonly host: string
  readonly name: string
  readonly facts: HostFacts
  readonly capabilities: Capabilities
  readonly transport: Transport
  /** For control and events. Never give it a call that may take long: libvirt reads five requests at a time. */
  readonly connection: Connection
  /** A connection of its own for long calls; the caller closes it. */
  openConnection(signal?: AbortSignal): Promise<Connection>
  /** Aborts when the session ends, with the failure that ended it. */
  readonly ended: AbortSignal
}

/** What other features ask of the hosts. */
export interface HostDirectory {
  /** Throws `Failure('host-unknown')`, or `Failure('host-offline')` with why and since when. */
  session(host: string): HostSession
  /** Resolves with the session as soon as the host is online; rejects with the signal's reason, or `host-unknown`. */
  whenOnline(host: string, signal: AbortSignal): Promise<HostSession>
  record(host: string): HostRecord
  name(host: string): string
  list(): readonly HostRecord[]
  /** Fires with the host's id when a session begins or ends. */
  readonly onDidChangeSession: Event<string>
}
