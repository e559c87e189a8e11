import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { open, mkdir, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { Readable, type Duplex } from 'node:stream'
import { Emitter } from '../base/event.ts'
import { Failure, messageOf } from '../base/failure.ts'
import { formatAddress, type HostAddress } from './address.ts'
import { CapturedOutput } from './captured-output.ts'
import { connectSocket, reasonOf } from './connect-socket.ts'
import { findLocalLibvirt, libvirtSockets, localLibvirtFailure } from './local-libvirt.ts'
import type { ExecResult, LibvirtChannel, RemoteProcess, Transport, TransportState } from './transport.ts'

/** This machine as a host: libvirt by its local socket, programs as child processes. Open as soon as it is made. */
export class LocalTransport implements Transport {
  readonly address: string
  readonly #socketPath: string | null
  readonly #closed = new AbortController()
  readonly #changed = new Emitter<TransportState>()
  #state: TransportState = { kind: 'open' }
  readonly onDidChangeState = this.#changed.event

  constructor(address: Extract<HostAddress, { scheme: 'unix' }> = { scheme: 'unix', path: null }) {
    this.address = formatAddress(address)
    this.#socketPath = address.path
  }

  get state(): TransportState {
    return this.#state
  }

  /** Opens the socket of the address, or the best that this machine has: writable before read-only, the system's daemon before the user's own. */
  async openLibvirt(options: { readOnly?: boolean; signal?: AbortSignal } = {}): Promise<LibvirtChannel> {
    const signal = this.#signal(options.signal)
    const path = this.#socketPath
    const sockets = path ? { writable: [path], readOnly: [`${path}-ro`] } : undefined
    const found = await findLocalLibvirt(sockets)
    let lastError: unknown = null
    for (const socket of found.usable) {
      if (options.readOnly && socket.isWritable && found.usable.some((other) => !other.isWritable)) continue
      try {
        return { stream: await connectSocket({ path: socket.path }, signal), route: 'socket', isWritable: socket.isWritable }
      } catch (error) {
        signal.throwIfAborted()
        lastError = error
      }
    }
    const tried = path ? [path] : libvirtSockets.writable
    throw localLibvirtFailure(found, tried, lastError)
  }

  /** A program that does not exist ends with code 127, as a shell would have it. */
  async exec(
    argv: readonly string[],
    options: { stdin?: string | Buffer; deadlineMs?: number; signal?: AbortSignal } = {},
  ): Promise<ExecResult> {
    const limit = new AbortController()
    const timer =
      options.deadlineMs === undefined
        ? undefined
        : setTimeout(() => limit.abort(new Failure('deadline', `${argv[0]} took longer than ${options.deadlineMs} ms.`)), options.deadlineMs)
    const signal = AbortSignal.any([this.#signal(options.signal), limit.signal])
    try {
      const child = await start(argv, signal)
      if (child === null) return { code: 127, signal: null, stdout: '', stderr: `${argv[0]}: not found\n` }
      const [out, err] = [new CapturedOutput(child.stdout), new CapturedOutput(child.stderr)]
      child.stdin.on('error', () => {})
      child.stdin.end(options.stdin ?? '')
      const onAbort = () => {
        child.kill('SIGKILL')
        // A grandchild may hold the pipes open long after the child has gone.
        child.stdout.destroy()
        child.stderr.destroy()
      }
      // It may have been aborted while the program was being started.
      if (signal.aborted) onAbort()
      else signal.addEventListener('abort', onAbort, { once: true })
      const exit = await exited(child)
      await Promise.all([out.ended, err.ended])
      signal.removeEventListener('abort', onAbort)
      signal.throwIfAborted()
      return { ...exit, stdout: out.text, stderr: err.text }
    } finally {
      clearTimeout(timer)
    }
  }

  async spawn(argv: readonly string[], options: { signal?: AbortSignal } = {}): Promise<RemoteProcess> {
    const signal = this.#signal(options.signal)
    const child = await start(argv, signal)
    if (child === null) throw new Failure('exec-failed', `The program ${argv[0]} does not exist on this machine.`)
    child.stdin.on('error', () => {})
    const close = () => {
      child.stdin.destroy()
      child.stdout.destroy()
      child.stderr.destroy()
    }
    const ended = exited(child)
    if (signal.aborted) close()
    else signal.addEventListener('abort', close, { once: true })
    void ended.then(() => signal.removeEventListener('abort', close))
    return {
      stdin: child.stdin,
      stdout: child.stdout,
      stderr: child.stderr,
      exited: ended,
      kill: (name = 'TERM') => void child.kill(`SIG${name}`),
      close,
    }
  }

  async upload(
    content: Buffer | Readable,
    path: string,
    options: { mode: number; signal?: AbortSignal; onProgress?: (bytes: number) => void },
  ): Promise<void> {
    const signal = this.#signal(options.signal)
    const target = path.startsWith('~/') ? join(homedir(), path.slice(2)) : path
    const temporary = join(dirname(target), `.${basename(target)}.${randomBytes(6).toString('hex')}`)
    try {
      await mkdir(dirname(target), { recursive: true })
      const file = await open(temporary, 'wx', options.mode)
      try {
        await file.chmod(options.mode)
        let written = 0
        for await (const chunk of Buffer.isBuffer(content) ? [content] : content) {
          signal.throwIfAborted()
          await file.write(chunk)
          written += chunk.length
          options.onProgress?.(written)
        }
      } finally {
        await file.close()
      }
      signal.throwIfAborted()
      await rename(temporary, target)
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => {})
      if (content instanceof Readable) content.destroy()
      signal.throwIfAborted()
      throw new Failure('upload-failed', `${path} could not be written on this machine.`, { evidence: messageOf(error), cause: error })
    }
  }

  openTcp(host: string, port: number, options: { signal?: AbortSignal } = {}): Promise<Duplex> {
    const signal = this.#signal(options.signal)
    return connectSocket({ host, port }, signal).catch((error: unknown) => {
      signal.throwIfAborted()
      throw new Failure('tcp-connect-failed', `No connection to ${host} port ${port}.`, { evidence: reasonOf(error), cause: error })
    })
  }

  openSocket(path: string, options: { signal?: AbortSignal } = {}): Promise<Duplex> {
    const signal = this.#signal(options.signal)
    return connectSocket({ path }, signal).catch((error: unknown) => {
      signal.throwIfAborted()
      throw new Failure('socket-connect-failed', `The socket ${path} could not be opened.`, { evidence: messageOf(error), cause: error })
    })
  }

  /** Ends what runs through this transport; streams that were handed out stay their holders' to close. */
  close(): void {
    if (this.#state.kind === 'closed') return
    this.#state = { kind: 'closed', failure: null }
    this.#closed.abort(new Failure('transport-closed', 'The connection to this machine was closed.'))
    this.#changed.fire(this.#state)
    this.#changed.dispose()
  }

  #signal(signal: AbortSignal | undefined): AbortSignal {
    const closed = this.#closed.signal
    return signal ? AbortSignal.any([signal, closed]) : closed
  }
}

/** Starts a program; null where it does not exist. */
function start(argv: readonly string[], signal: AbortSignal): Promise<ChildProcessWithoutNullStreams | null> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason)
    const [program, ...args] = argv
    if (!program || argv.some((word) => word.includes('\0'))) {
      return reject(new Failure('argument-invalid', 'A command needs a program, and no argument may contain a NUL byte.'))
    }
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], windowsHide: true })
    child.once('spawn', () => {
      child.off('error', onError)
      child.on('error', () => {})
      resolve(child)
    })
    const onError = (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') resolve(null)
      else reject(new Failure('exec-failed', `${program} could not be started.`, { evidence: error.message, cause: error }))
    }
    child.once('error', onError)
  })
}

function exited(child: ChildProcessWithoutNullStreams): Promise<{ code: number | null; signal: string | null }> {
  return new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })))
}
