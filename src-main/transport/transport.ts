import type { Duplex, Readable, Writable } from 'node:stream'
import type { Event } from '../base/event.ts'

/** What a command left behind. `code` is null when a signal ended it. */
export interface ExecResult {
  readonly code: number | null
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
}

/** A running remote program. Whoever spawns it ends it: `close` ends stdin and the channel, `kill` asks for a signal where the far side allows it. */
export interface RemoteProcess {
  readonly stdin: Writable
  readonly stdout: Readable
  readonly stderr: Readable
  /** Resolves when the program ended or the channel went; never rejects. */
  readonly exited: Promise<{ code: number | null; signal: string | null }>
  kill(signal?: 'TERM' | 'KILL'): void
  close(): void
}

/** How the libvirt daemon was reached, for the host's page and for messages. */
export type LibvirtRoute = 'socket' | 'virt-ssh-helper' | 'netcat' | 'sudo-virt-ssh-helper' | 'sudo-netcat' | 'twin'

export interface LibvirtChannel {
  readonly stream: Duplex
  readonly route: LibvirtRoute
  /** False where only libvirt's read-only socket could be opened. */
  readonly isWritable: boolean
}

/** The connection as a whole, as the host page shows it. */
export type TransportState =
  | { readonly kind: 'connecting'; readonly step: string }
  | { readonly kind: 'open' }
  | { readonly kind: 'closed'; readonly failure: Error | null }

/**
 * What a host is to the rest of the program. One transport per host; it is opened once, may be lost, and is then replaced by a new one.
 * All methods reject with a `Failure` (codes of `transport`), or with the signal's reason.
 */
export interface Transport {
  /** `ssh://user@host:port`, `unix:///path/to/libvirt-sock`, `twin://lab/host`. */
  readonly address: string
  readonly state: TransportState
  readonly onDidChangeState: Event<TransportState>

  /** A fresh byte stream to the libvirt daemon; the caller destroys it. Tries the ways in the order of LibvirtRoute and remembers what worked. */
  openLibvirt(options?: { readOnly?: boolean; signal?: AbortSignal }): Promise<LibvirtChannel>
  /** Runs a program to its end. `argv` is never interpreted by a shell: each word is quoted. Output is cut at 1 MiB per stream. */
  exec(argv: readonly string[], options?: { stdin?: string | Buffer; deadlineMs?: number; signal?: AbortSignal }): Promise<ExecResult>
  /** Starts a program that lives as long as the caller wants it. */
  spawn(argv: readonly string[], options?: { signal?: AbortSignal }): Promise<RemoteProcess>
  /** Writes a file atomically (temporary name, then rename), creating its folders; `mode` such as 0o700. A path that starts with `~/` is in the user's home. */
  upload(content: Buffer | Readable, path: string, options: { mode: number; signal?: AbortSignal; onProgress?: (bytes: number) => void }): Promise<void>
  /** A TCP connection made from the host, for VNC and for probes. */
  openTcp(host: string, port: number, options?: { signal?: AbortSignal }): Promise<Duplex>
  /** A connection to a Unix socket on the host. */
  openSocket(path: string, options?: { signal?: AbortSignal }): Promise<Duplex>
  close(): void
}
