import { pipeline } from 'node:stream/promises'
import { Readable, Transform } from 'node:stream'
import { Failure } from '../base/failure.ts'
import type { ExecResult } from '../transport/transport.ts'
import type { Running } from './remote-process.ts'
import { remotePath, temporaryName, type UploadOptions } from './sftp-upload.ts'
import { CapturedOutput } from '../transport/captured-output.ts'

const prepare = 'umask 077; mkdir -p -- "$1" && : > "$2" && chmod "$3" "$2" && exec cat > "$2"'
// The count is checked by a command of its own: a connection that breaks looks to cat like the end of the file.
const finish = 'if test "$(wc -c < "$1")" -eq "$2"; then mv -f -- "$1" "$3"; else rm -f -- "$1"; echo "short write" >&2; exit 1; fi'

/** A path that no program takes for an option. */
const asOperand = (path: string) => (path.startsWith('/') ? path : `./${path}`)

/** Writes a file by the host's own cat, for servers without SFTP; otherwise as `uploadBySftp`. Rejects with `upload-failed`. */
export async function uploadByExec(
  start: (argv: readonly string[]) => Promise<Running>,
  run: (argv: readonly string[]) => Promise<ExecResult>,
  content: Buffer | Readable,
  path: string,
  options: UploadOptions,
): Promise<void> {
  const target = remotePath(path)
  const temporary = asOperand(temporaryName(target))
  const full = asOperand(target.full)
  const cat = await start(['sh', '-c', prepare, 'sh', asOperand(target.folder), temporary, options.mode.toString(8)])
  let sent = 0
  const count = new Transform({
    transform(chunk: Buffer, _encoding, callback) {
      sent += chunk.length
      options.onProgress?.(sent)
      callback(null, chunk)
    },
  })
  try {
    const complaint = new CapturedOutput(cat.stderr)
    cat.stream.resume()
    const piped = pipeline(Buffer.isBuffer(content) ? Readable.from([content]) : content, count, cat.stream, { signal: options.signal })
    // A cat that could not even begin closes its channel, which the pipeline sees as a mere broken pipe.
    const torn = await piped.then(
      () => null,
      (error: unknown) => ({ error }),
    )
    const exit = await cat.exited
    await complaint.ended
    options.signal.throwIfAborted()
    if (exit.code !== 0) throw exit.code === null && torn ? torn.error : new Failure('upload-failed', `${path} could not be written on the host.`, { evidence: complaint.text.trim() })
    if (torn) throw torn.error
    const end = await run(['sh', '-c', finish, 'sh', temporary, String(sent), full])
    if (end.code !== 0) throw new Failure('upload-failed', `${path} could not be written on the host.`, { evidence: end.stderr.trim() })
  } catch (error) {
    cat.close()
    await run(['rm', '-f', '--', temporary]).catch(() => {})
    throw error
  }
}
