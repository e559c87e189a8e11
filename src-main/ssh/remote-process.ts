import type { Readable } from 'node:stream'
import type { ClientChannel } from 'ssh2'
import { abortable } from '../base/abort.ts'
import { Failure } from '../base/failure.ts'
import { CapturedOutput } from '../transport/captured-output.ts'
import { quoteCommand } from '../transport/quote.ts'
import type { ExecResult, RemoteProcess } from '../transport/transport.ts'
import { AnnouncedPid, announcing, signalling } from './announced-pid.ts'
import type { ChannelStream } from './channel-stream.ts'
import { ChannelRefused, type SshConnection } from './connection.ts'

/** A program that runs on the host, its input and output as one stream. */
export interface Running extends RemoteProcess {
  readonly stream: ChannelStream
  readonly stderr: Readable
  /** Gives the program up: asks it to end, and closes the channel when it has, or does not. */
  abandon(): void
}

/** How long a program that is given up may take to end before its channel is closed, in ms. */
const graceMs = 5_000

/**
 * Starts a program, every word quoted. Rejects with ChannelRefused, or `exec-failed` where the server runs no commands at all. Where the signal
 * aborts meanwhile, the program is given up as soon as it has begun.
 */
export async function startProcess(connection: SshConnection, argv: readonly string[], signal: AbortSignal): Promise<Running> {
  signal.throwIfAborted()
  const starting = start(connection, argv)
  try {
    return await abortable(starting, signal)
  } catch (error) {
    starting.then((running) => running.abandon(), () => {})
    throw error
  }
}

async function start(connection: SshConnection, argv: readonly string[]): Promise<Running> {
  const { channel, stream } = await connection.exec(quoteCommand(announcing(argv))).catch((error: unknown) => {
    if (error instanceof ChannelRefused && error.reason === 'other') {
      throw new Failure('exec-failed', 'The SSH server does not run commands for this user.', {
        evidence: error.message,
        next: 'Look for ForceCommand, or for a command= before the key in authorized_keys.',
      })
    }
    throw error
  })
  // ssh2's own stderr stalls the whole channel while nobody reads it.
  const stderr = channel.stderr.pipe(new AnnouncedPid())
  stderr.on('error', () => {})
  stream.once('close', () => {
    if (stderr.writableEnded) return
    // The pipe may still hold what came before the close: ended under it, it would write after the end.
    channel.stderr.unpipe(stderr)
    for (let chunk: unknown = channel.stderr.read(); chunk !== null; chunk = channel.stderr.read()) stderr.write(chunk)
    stderr.end()
  })
  const exited = exitOf(channel, stream)
  let hasExited = false
  channel.once('exit', () => (hasExited = true))
  const kill = (name: 'TERM' | 'KILL' = 'TERM') => {
    void stderr.pid.then((pid) => {
      if (!hasExited && pid !== null) void signalByCommand(connection, pid, name)
    })
  }
  return {
    stream,
    stdin: stream,
    stdout: stream,
    stderr,
    exited,
    kill,
    close: () => void stream.destroy(),
    abandon: () => {
      if (stream.destroyed) return
      kill()
      stream.resume().end()
      const timer = setTimeout(() => stream.destroy(), graceMs)
      stream.once('close', () => clearTimeout(timer))
    },
  }
}

async function signalByCommand(connection: SshConnection, pid: number, name: 'TERM' | 'KILL'): Promise<void> {
  try {
    const { stream } = await connection.exec(quoteCommand(signalling(pid, name)))
    stream.resume().end()
  } catch {
    // The connection is gone, and the program's pipes with it.
  }
}

function exitOf(channel: ClientChannel, stream: ChannelStream): Promise<{ code: number | null; signal: string | null }> {
  return new Promise((resolve) => {
    // ssh2 names the signal SIGTERM; its types have it after the code.
    channel.once('exit', (code: number | null, signal?: string) => resolve({ code, signal: signal ?? null }))
    // A program that ends at once may have told so before anybody could listen: ssh2 says it again with the channel's end, which its types do not know.
    channel.once('close', (...[code, signal]: [(number | null)?, string?]) => resolve({ code: code ?? null, signal: signal ?? null }))
    stream.once('close', () => resolve({ code: null, signal: null }))
  })
}

/** Runs a started program to its end. Rejects with the reason of the signal, or with the Failure that ended the connection. */
export async function runToEnd(running: Running, stdin: string | Buffer | undefined, signal: AbortSignal): Promise<ExecResult> {
  const [out, err] = [new CapturedOutput(running.stream), new CapturedOutput(running.stderr)]
  try {
    // Nothing to say is not an empty write: a program that has ended already would make that fail.
    if (stdin === undefined || stdin.length === 0) running.stream.end()
    else running.stream.end(stdin)
    const exit = await abortable(running.exited, signal)
    await abortable(Promise.all([out.ended, err.ended]), signal)
    if (exit.code === null && exit.signal === null && running.stream.errored) throw running.stream.errored
    running.close()
    return { ...exit, stdout: out.text, stderr: err.text }
  } catch (error) {
    running.abandon()
    throw error
  }
}
