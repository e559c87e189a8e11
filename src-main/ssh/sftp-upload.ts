import { randomBytes } from 'node:crypto'
import type { Readable } from 'node:stream'
import type { SFTPWrapper } from 'ssh2'
import { within } from '../base/abort.ts'

/** Parts of a file in flight at once: enough to fill a line of 100 Mbit/s at 80 ms. */
const inFlight = 32
const partSize = 32 * 1024

/** How long the removal of what was begun may take, in ms. */
const cleanUpMs = 10_000

export interface UploadOptions {
  readonly mode: number
  readonly signal: AbortSignal
  readonly onProgress?: ((bytes: number) => void) | undefined
}

type Callback<T> = (error: Error | null | undefined, value: T) => void

/** A call of ssh2's SFTP as a promise that also ends when the connection does or the signal aborts. */
type Call = <T = void>(start: (callback: Callback<T>) => void) => Promise<T>

function caller(sftp: SFTPWrapper, signal: AbortSignal): { call: Call; dispose: () => void } {
  const ended = new AbortController()
  const end = () => ended.abort(new Error('the SFTP session ended'))
  sftp.once('close', end)
  sftp.once('end', end)
  sftp.on('error', end)
  const stop = AbortSignal.any([signal, ended.signal])
  return {
    call: (start) =>
      new Promise((resolve, reject) => {
        if (stop.aborted) return reject(stop.reason)
        const onAbort = () => reject(stop.reason)
        stop.addEventListener('abort', onAbort, { once: true })
        start((error, value) => {
          stop.removeEventListener('abort', onAbort)
          if (error) reject(error)
          else resolve(value)
        })
      }),
    dispose: () => {
      sftp.off('close', end)
      sftp.off('end', end)
    },
  }
}

/** `~/` is where an SFTP session starts. */
export function remotePath(path: string): { folder: string; name: string; full: string } {
  const full = path.startsWith('~/') ? path.slice(2) : path
  const at = full.lastIndexOf('/')
  return { folder: full.slice(0, Math.max(at, 0)) || (at === 0 ? '/' : '.'), name: full.slice(at + 1), full }
}

export function temporaryName({ folder, name }: { folder: string; name: string }): string {
  return `${folder}/.${name}.${randomBytes(6).toString('hex')}`
}

/**
 * Writes a file by SFTP: folders made, a temporary file beside the target, its mode set before any content, then renamed over the target.
 * What was begun is removed after a failure. Rejects with SFTP's error, or the signal's reason. The session stays the caller's to end.
 */
export async function uploadBySftp(sftp: SFTPWrapper, content: Buffer | Readable, path: string, options: UploadOptions): Promise<void> {
  const { call, dispose } = caller(sftp, options.signal)
  const target = remotePath(path)
  const temporary = temporaryName(target)
  try {
    await makeFolders(sftp, call, target.folder)
    const handle = await call<Buffer>((done) => sftp.open(temporary, 'wx', { mode: options.mode & 0o700 }, done))
    try {
      await call((done) => sftp.fchmod(handle, options.mode, done))
      await writeAll(sftp, call, handle, content, options.onProgress)
      await call((done) => sftp.close(handle, done))
      await replace(sftp, call, temporary, target.full)
    } catch (error) {
      // The session has to stay until it is done, or the server forgets it; where it is gone there is nobody to wait for.
      await within(cleanUpMs, 'tidying up', tidyUp(sftp, handle, temporary)).catch(() => {})
      throw error
    }
  } finally {
    dispose()
  }
}

async function tidyUp(sftp: SFTPWrapper, handle: Buffer, temporary: string): Promise<void> {
  const { call, dispose } = caller(sftp, new AbortController().signal)
  try {
    await call((done) => sftp.close(handle, done)).catch(() => {})
    await call((done) => sftp.unlink(temporary, done))
  } finally {
    dispose()
  }
}

async function makeFolders(sftp: SFTPWrapper, call: Call, folder: string): Promise<void> {
  const isThere = await call<unknown>((done) => sftp.stat(folder, done)).catch(() => null)
  if (isThere) return
  const parts = folder.split('/')
  for (let count = 1; count <= parts.length; count++) {
    const part = parts.slice(0, count).join('/')
    // SFTP answers the same to "exists" and "may not": what matters is whether the last one is there, and open() says so.
    if (part !== '' && part !== '.') await call((done) => sftp.mkdir(part, done)).catch((error: unknown) => rethrowUnlessStatus(error))
  }
}

function rethrowUnlessStatus(error: unknown): void {
  if (typeof (error as { code?: unknown }).code !== 'number') throw error
}

async function writeAll(sftp: SFTPWrapper, call: Call, handle: Buffer, content: Buffer | Readable, onProgress?: (bytes: number) => void): Promise<void> {
  let offset = 0
  let written = 0
  const pending = new Set<Promise<void>>()
  let failure: { error: unknown } | null = null
  for await (const chunk of Buffer.isBuffer(content) ? [content] : (content as AsyncIterable<Buffer | string>)) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
    for (let at = 0; at < bytes.length; at += partSize) {
      const part = bytes.subarray(at, at + partSize)
      const position = offset
      offset += part.length
      const write = call<unknown>((done) => sftp.write(handle, part, 0, part.length, position, done as Callback<void>)).then(
        () => {
          written += part.length
          onProgress?.(written)
        },
        (error: unknown) => void (failure ??= { error }),
      )
      const tracked: Promise<void> = write.then(() => void pending.delete(tracked))
      pending.add(tracked)
      if (pending.size >= inFlight) await Promise.race(pending)
      if (failure) break
    }
    if (failure) break
  }
  await Promise.all(pending)
  if (failure) throw (failure as { error: unknown }).error
}

/** Renames over an existing file: by OpenSSH's extension, else by removing it first (SFTP's own rename never replaces). */
async function replace(sftp: SFTPWrapper, call: Call, from: string, to: string): Promise<void> {
  try {
    await call((done) => sftp.ext_openssh_rename(from, to, done))
  } catch (error) {
    if (!/not supported|does not support/i.test((error as Error).message)) throw error
    await call((done) => sftp.unlink(to, done)).catch(rethrowUnlessStatus)
    await call((done) => sftp.rename(from, to, done))
  }
}
