import type { Duplex } from 'node:stream'
import type { Client, ClientChannel, SFTPWrapper } from 'ssh2'
import { Emitter } from '../base/event.ts'
import { Failure, messageOf } from '../base/failure.ts'
import { ChannelStream } from './channel-stream.ts'

/** Why sshd refused a channel (RFC 4254, 5.1). */
export type OpenRefusal = 'prohibited' | 'connect-failed' | 'other'

/** A channel that the server did not open. Internal to this room: callers turn it into a Failure that fits what they were about to do. */
export class ChannelRefused extends Error {
  readonly reason: OpenRefusal

  constructor(error: Error) {
    super(error.message.replace(/^\(SSH\) Channel open failure: /, ''))
    const reason = (error as Error & { reason?: unknown }).reason
    this.reason = reason === 1 ? 'prohibited' : reason === 2 ? 'connect-failed' : 'other'
  }
}

/** An SSH connection that is logged in: opens channels, and ends all of them with one Failure when it is lost. */
export class SshConnection {
  readonly #name: string
  readonly #client: Client
  readonly #stream: Duplex
  readonly #streams = new Set<ChannelStream>()
  readonly #closed = new Emitter<Failure | null>()
  #end: { failure: Failure | null } | null = null

  /** Fires once: with null where `close` was called, else with `ssh-connection-lost`. */
  readonly onDidClose = this.#closed.event

  constructor(name: string, client: Client, stream: Duplex) {
    this.#name = name
    this.#client = client
    this.#stream = stream
    client.on('error', (error: Error) => this.#finish(this.#lost(error)))
    client.on('close', () => this.#finish(this.#lost(null)))
    // A stream that is no socket does not end by itself when the far side has ended.
    client.on('end', () => stream.destroy())
  }

  get isOpen(): boolean {
    return this.#end === null
  }

  /** A TCP connection made by the server. Rejects with ChannelRefused. */
  openTcp(host: string, port: number, signal?: AbortSignal): Promise<ChannelStream> {
    return this.#channel((done) => this.#client.forwardOut('127.0.0.1', 0, host, port, done), signal).then((channel) => this.#adopt(channel))
  }

  /** A connection to a Unix socket made by the server (PROTOCOL, 2.4). Rejects with ChannelRefused. */
  openSocket(path: string, signal?: AbortSignal): Promise<ChannelStream> {
    return this.#channel((done) => this.#client.openssh_forwardOutStreamLocal(path, done), signal).then((channel) => this.#adopt(channel))
  }

  /** Starts a command line. Rejects with ChannelRefused where the server allows no further session. */
  async exec(command: string, signal?: AbortSignal): Promise<{ channel: ClientChannel; stream: ChannelStream }> {
    const channel = await this.#channel((done) => this.#client.exec(command, done), signal)
    return { channel, stream: this.#adopt(channel) }
  }

  /** Rejects with ChannelRefused where SFTP is switched off or the server allows no further session. The caller ends it. */
  sftp(signal?: AbortSignal): Promise<SFTPWrapper> {
    return this.#open<SFTPWrapper>(
      (done) => this.#client.sftp(done),
      (sftp) => sftp.end(),
      signal,
    )
  }

  close(): void {
    this.#finish(null)
  }

  /** The Failure that ended the connection, or one that says that it was closed. */
  get ending(): Failure {
    return this.#end?.failure ?? new Failure('transport-closed', `The connection to ${this.#name} was closed.`)
  }

  #channel(open: (done: (error: Error | undefined, channel: ClientChannel) => void) => void, signal: AbortSignal | undefined): Promise<ClientChannel> {
    return this.#open(open, (channel) => channel.close(), signal)
  }

  #open<T>(open: (done: (error: Error | undefined, opened: T) => void) => void, discard: (opened: T) => void, signal: AbortSignal | undefined): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      if (this.#end) return reject(this.ending)
      let isAbandoned = false
      const abandon = (reason: unknown) => {
        isAbandoned = true
        signal?.removeEventListener('abort', onAbort)
        subscription.dispose()
        reject(reason)
      }
      const onAbort = () => abandon(signal?.reason)
      signal?.addEventListener('abort', onAbort, { once: true })
      const subscription = this.#closed.event(() => abandon(this.ending))
      const done = (error: Error | undefined, opened: T) => {
        if (isAbandoned) {
          if (!error) discard(opened)
          return
        }
        if (error) abandon(this.#end ? this.ending : new ChannelRefused(error))
        else {
          signal?.removeEventListener('abort', onAbort)
          subscription.dispose()
          resolve(opened)
        }
      }
      try {
        open(done)
      } catch (error) {
        abandon(this.#end ? this.ending : this.#lost(error as Error))
      }
    })
  }

  #adopt(channel: ClientChannel): ChannelStream {
    const stream = new ChannelStream(channel)
    if (this.#end) stream.destroy(this.ending)
    else {
      this.#streams.add(stream)
      stream.once('close', () => this.#streams.delete(stream))
    }
    return stream
  }

  #lost(error: Error | null): Failure {
    const isSilent = error !== null && /keepalive timeout/i.test(error.message)
    return new Failure('ssh-connection-lost', isSilent ? `${this.#name} no longer answers.` : `The connection to ${this.#name} was lost.`, {
      evidence: error ? messageOf(error) : 'the other side closed the connection',
      cause: error ?? undefined,
    })
  }

  #finish(failure: Failure | null): void {
    if (this.#end) return
    this.#end = { failure }
    for (const stream of this.#streams) stream.destroy(this.ending)
    this.#streams.clear()
    this.#closed.fire(failure)
    this.#closed.dispose()
    if (failure === null) this.#client.end()
    this.#stream.destroy()
  }
}
