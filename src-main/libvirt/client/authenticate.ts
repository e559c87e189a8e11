import { Failure } from '../../base/failure.ts'
import { authTypes } from '../wire/constants/connect.ts'
import type { CallOptions, Connection } from './connection.ts'
import { isLibvirtError } from './libvirt-error.ts'

/** Does what the daemon's auth list asks for: nothing, or polkit. The first that it lists counts, as in libvirt's own client. */
export async function authenticate(connection: Pick<Connection, 'call' | 'isReadOnly'>, options: CallOptions): Promise<void> {
  const { types } = await connection.call('authList', undefined, options)
  const type = types[0]
  if (type === undefined || type === authTypes.none) return
  if (type === authTypes.polkit) return polkit(connection, options)
  if (type === authTypes.sasl) {
    throw new Failure('auth-sasl-unsupported', 'The libvirt daemon asks for a SASL login, which Drover does not support.', {
      next: "Connect over SSH as a user who may open the daemon's socket, or set auth_unix_rw to polkit or none in its configuration.",
    })
  }
  throw new Failure('auth-unsupported', 'The libvirt daemon asks for a way to log in that Drover does not know.', {
    evidence: `auth types ${types.join(', ')}`,
  })
}

async function polkit(connection: Pick<Connection, 'call' | 'isReadOnly'>, options: CallOptions): Promise<void> {
  const action = connection.isReadOnly ? 'org.libvirt.unix.monitor' : 'org.libvirt.unix.manage'
  const refused = (evidence: string, cause?: unknown): Failure =>
    new Failure('auth-polkit', 'The libvirt daemon does not let this user in: polkit refused.', {
      evidence,
      next: `Add the user to the group "libvirt" on the host and log in again, or allow ${action} for the user with a polkit rule.`,
      ...(cause === undefined ? {} : { cause }),
    })
  try {
    const { complete } = await connection.call('authPolkit', undefined, options)
    if (complete === 0) throw refused(`${action} was not granted`)
  } catch (thrown) {
    if (isLibvirtError(thrown)) throw refused(thrown.evidence ?? thrown.text, thrown)
    throw thrown
  }
}
