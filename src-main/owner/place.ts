import { createHash } from 'node:crypto'
import { lstatSync, mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Failure } from '../base/failure.ts'

/** Longest path of a Unix socket that every system takes (sun_path is 104 bytes on macOS, 108 on Linux, with the final zero). */
const pathLimit = 103

/**
 * Where the owner of a profile listens: `owner.sock` in the profile folder; where that path is too long for a socket, in a folder of this user's own under the
 * system's temporary one; on Windows a named pipe. Throws `owner-place` when the temporary folder is somebody else's.
 */
export function socketPath(profile: string): string {
  const digest = createHash('sha256').update(profile).digest('hex').slice(0, 24)
  if (process.platform === 'win32') return `\\\\.\\pipe\\drover-${digest}`
  const usual = join(profile, 'owner.sock')
  if (Buffer.byteLength(usual) <= pathLimit) return usual
  const folder = join(process.env['XDG_RUNTIME_DIR'] ?? tmpdir(), `drover-${process.getuid?.() ?? 0}-${digest}`)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const found = lstatSync(folder)
  if (!found.isDirectory() || found.uid !== process.getuid?.() || (found.mode & 0o077) !== 0) {
    throw new Failure('owner-place', 'The folder for the socket of this profile belongs to somebody else.', { evidence: folder, next: 'Choose a profile folder with a shorter path.' })
  }
  return join(folder, 'owner.sock')
}
