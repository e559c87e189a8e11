import { Transform, type TransformCallback } from 'node:stream'

/**
 * Makes a program say its process id before it runs: sshd delivers no signals to root's programs (session.c, session_signal_req wants privilege
 * separation), and a program that does not read its input would otherwise live on, and hold its session, after it was given up.
 */
export function announcing(argv: readonly string[]): readonly string[] {
  return ['sh', '-c', 'echo "drover-pid:$$" >&2; exec "$@"', 'sh', ...argv]
}

/** The command that signals an announced program with all that it has started; sshd makes each the leader of a group. */
export function signalling(pid: number, name: 'TERM' | 'KILL'): readonly string[] {
  return ['sh', '-c', 'kill -s "$2" -- "-$1" 2>/dev/null || kill -s "$2" "$1"', 'sh', String(pid), name]
}

const announcement = /(^|\n)drover-pid:(\d+)\n/
const longestPreamble = 64 * 1024

/** Takes the announcement out of a program's stderr. What a login script has said before it stays. */
export class AnnouncedPid extends Transform {
  #announce: (pid: number | null) => void = () => {}
  /** Resolves with null where the program never said it. */
  readonly pid = new Promise<number | null>((resolve) => {
    this.#announce = resolve
  })
  #held: Buffer | null = Buffer.alloc(0)

  override _transform(chunk: Buffer, _encoding: BufferEncoding, callback: TransformCallback): void {
    if (this.#held === null) return callback(null, chunk)
    const held = Buffer.concat([this.#held, chunk])
    // Byte for byte, so that offsets are right whatever the encoding of the rest.
    const match = announcement.exec(held.toString('latin1'))
    this.#held = held
    if (match) {
      this.#announce(Number(match[2]))
      this.#held = Buffer.concat([held.subarray(0, match.index + match[1]!.length), held.subarray(match.index + match[0].length)])
    } else if (held.length < longestPreamble) return callback()
    this.#release()
    callback()
  }

  override _flush(callback: TransformCallback): void {
    this.#announce(null)
    this.#release()
    callback()
  }

  #release(): void {
    if (this.#held && this.#held.length > 0) this.push(this.#held)
    this.#held = null
  }
}
