import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { Failure } from '../base/failure.ts'

/**
 * The sockets that libvirt's daemons listen on, in the order in which they are tried: the monolithic daemon (or virtproxyd in its place), then
 * the modular QEMU one (libvirt, docs/daemons.rst).
 */
export const libvirtSockets = {
  writable: ['/var/run/libvirt/libvirt-sock', '/var/run/libvirt/virtqemud-sock'],
  readOnly: ['/var/run/libvirt/libvirt-sock-ro', '/var/run/libvirt/virtqemud-sock-ro'],
} as const

/** The sockets of the user's own daemon (qemu:///session), which knows no read-only one. */
export function sessionLibvirtSockets(runtimeDir: string | undefined = process.env['XDG_RUNTIME_DIR']): string[] {
  return runtimeDir ? [join(runtimeDir, 'libvirt/libvirt-sock'), join(runtimeDir, 'libvirt/virtqemud-sock')] : []
}

export interface LocalLibvirtSocket {
  readonly path: string
  readonly isWritable: boolean
}

type Access = 'none' | 'forbidden' | 'usable'

async function accessOf(path: string): Promise<Access> {
  const info = await stat(path).catch((error: NodeJS.ErrnoException) => (error.code === 'EACCES' ? ('forbidden' as const) : null))
  if (info === 'forbidden') return 'forbidden'
  if (!info?.isSocket()) return 'none'
  return access(path, constants.R_OK | constants.W_OK).then(
    () => 'usable',
    () => 'forbidden',
  )
}

/** The sockets of this machine that this user may try, best first; empty where there are none. For "This machine" on the first page. */
export async function findLocalLibvirt(sockets: {
  writable: readonly string[]
  readOnly: readonly string[]
} = { writable: [...libvirtSockets.writable, ...sessionLibvirtSockets()], readOnly: libvirtSockets.readOnly }): Promise<{
  readonly usable: readonly LocalLibvirtSocket[]
  readonly forbidden: readonly string[]
}> {
  const usable: LocalLibvirtSocket[] = []
  const forbidden: string[] = []
  for (const isWritable of [true, false]) {
    for (const path of isWritable ? sockets.writable : sockets.readOnly) {
      const found = await accessOf(path)
      if (found === 'usable') usable.push({ path, isWritable })
      else if (found === 'forbidden') forbidden.push(path)
    }
  }
  return { usable, forbidden }
}

/** Why no socket could be opened, for a person. `lastError` is of the socket that was there and did not answer. */
export function localLibvirtFailure(found: { forbidden: readonly string[] }, tried: readonly string[], lastError: unknown): Failure {
  if (found.forbidden.length > 0) {
    const user = userInfo().username
    return new Failure('libvirt-permission-denied', `The user ${user} may not open libvirt's socket on this machine.`, {
      evidence: `no right to open ${found.forbidden.join(', ')}`,
      next: `Add the user to the group libvirt (sudo usermod -aG libvirt ${user}), log in again, and retry.`,
    })
  }
  const refused = (lastError as NodeJS.ErrnoException | null)?.code
  return new Failure('libvirt-not-running', refused ? 'libvirt’s daemon does not answer on its socket.' : 'No libvirt daemon runs on this machine.', {
    evidence: refused ? `${refused} on ${tried.join(', ')}` : `no socket at ${tried.join(', ')}`,
    next: 'Install libvirt and start its daemon: systemctl enable --now libvirtd.socket, or virtqemud.socket where the daemons are modular.',
    cause: lastError ?? undefined,
  })
}
