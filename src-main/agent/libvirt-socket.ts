import { connect, type Socket } from 'node:net'
import { Failure } from '../base/failure.ts'

/** Where libvirt's read-write socket may be: the monolithic daemon (or virtproxyd) first, as the desktop's own connection has it, then virtqemud. */
export const libvirtSockets = ['/run/libvirt/libvirt-sock', '/var/run/libvirt/libvirt-sock', '/run/libvirt/virtqemud-sock', '/var/run/libvirt/virtqemud-sock'] as const

/** Connects to a Unix socket; the caller destroys it. */
export function connectUnix(path: string, signal?: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted()
    const socket = connect(path)
    const onAbort = () => socket.destroy(signal?.reason)
    signal?.addEventListener('abort', onAbort, { once: true })
    const settle = () => {
      signal?.removeEventListener('abort', onAbort)
      socket.off('error', onError)
    }
    const onError = (thrown: Error) => {
      settle()
      reject(thrown)
    }
    socket.once('error', onError)
    socket.once('connect', () => {
      settle()
      resolve(socket)
    })
  })
}

/**
 * The path of the local daemon's socket that takes this user's connection. Rejects with `agent-no-libvirt`: none there, or none that lets the user in
 * (the evidence has each path with its error).
 */
export async function findLibvirtSocket(candidates: readonly string[] = libvirtSockets): Promise<string> {
  const seen: string[] = []
  for (const path of candidates) {
    try {
      const socket = await connectUnix(path)
      socket.destroy()
      return path
    } catch (thrown) {
      seen.push(`${path}: ${(thrown as NodeJS.ErrnoException).code ?? 'unknown error'}`)
    }
  }
  const isForbidden = seen.some((line) => line.endsWith('EACCES'))
  throw new Failure('agent-no-libvirt', isForbidden ? 'This user may not use the libvirt daemon of the host.' : 'No libvirt daemon answers on the host.', {
    evidence: seen.join('\n'),
    next: isForbidden ? 'Add the user to the group libvirt.' : 'Start libvirtd (or virtqemud) on the host.',
  })
}
