import { execFile } from 'node:child_process'
import { Failure } from '../../src-main/base/failure.ts'

/** What a program that ended well or badly left behind. */
export interface CommandResult {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface CommandOptions {
  readonly stdin?: string
  readonly signal?: AbortSignal | undefined
  readonly env?: Readonly<Record<string, string>>
  /** In milliseconds; past it the program is killed. Default: none. */
  readonly deadlineMs?: number
}

/** Runs a program to its end, without a shell; resolves whatever its exit status. Rejects when it cannot be started, or on abort. */
export function attempt(argv: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  const [program = '', ...args] = argv
  return new Promise((resolve, reject) => {
    const child = execFile(
      program,
      args,
      {
        maxBuffer: 64 << 20,
        env: { ...process.env, LC_ALL: 'C', ...options.env },
        ...(options.signal ? { signal: options.signal } : {}),
        ...(options.deadlineMs ? { timeout: options.deadlineMs, killSignal: 'SIGKILL' as const } : {}),
      },
      (error, stdout, stderr) => {
        if (options.signal?.aborted) return reject(options.signal.reason)
        if (error && (error as NodeJS.ErrnoException).syscall) {
          return reject(new Failure('command-missing', `${program} could not be started.`, { evidence: error.message, cause: error }))
        }
        resolve({ code: child.exitCode ?? 255, stdout, stderr })
      },
    )
    child.stdin?.on('error', () => {})
    child.stdin?.end(options.stdin ?? '')
  })
}

/** Like {@link attempt}, but a non-zero exit status rejects with code `command-failed` and the program's own words; resolves with its output. */
export async function run(argv: readonly string[], options: CommandOptions = {}): Promise<string> {
  const result = await attempt(argv, options)
  if (result.code !== 0) {
    const evidence = (result.stderr.trim() || result.stdout.trim()).slice(-2000)
    throw new Failure('command-failed', `${argv.slice(0, 6).join(' ')} failed with status ${result.code}: ${evidence.slice(0, 300)}`, { evidence })
  }
  return result.stdout
}

/** One word as a POSIX shell reads it back. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}
