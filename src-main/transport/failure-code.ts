import { Failure } from '../base/failure.ts'

/** What can go wrong between Drover and a host, whatever the transport. Every rejection of a transport is a Failure with one of these, or the signal's reason. */
export type TransportFailureCode =
  | 'address-invalid'
  | 'argument-invalid'
  | 'deadline'
  // reaching the host
  | 'host-not-found'
  | 'host-unreachable'
  | 'ssh-protocol'
  | 'ssh-algorithms'
  | 'ssh-connection-lost'
  | 'transport-closed'
  // deciding whether to trust and be trusted
  | 'host-key-changed'
  | 'host-key-revoked'
  | 'host-key-refused'
  | 'ssh-auth-refused'
  | 'ssh-config-invalid'
  | 'consent-refused'
  | 'prompt-dismissed'
  // using it
  | 'ssh-forwarding-refused'
  | 'ssh-sessions-exhausted'
  | 'tcp-connect-failed'
  | 'socket-connect-failed'
  | 'exec-failed'
  | 'upload-failed'
  // the libvirt daemon on it
  | 'libvirt-not-running'
  | 'libvirt-permission-denied'
  | 'libvirt-sudo-refused'
  | 'libvirt-no-route'

const forHumans: ReadonlySet<string> = new Set<TransportFailureCode>([
  'address-invalid',
  'ssh-algorithms',
  'host-key-changed',
  'host-key-revoked',
  'host-key-refused',
  'ssh-auth-refused',
  'ssh-config-invalid',
  'consent-refused',
  'prompt-dismissed',
])

/** True where trying again by itself cannot help, or would ask a person the same question over and over. */
export function needsHuman(thrown: unknown): thrown is Failure<TransportFailureCode> {
  return thrown instanceof Failure && forHumans.has(thrown.code)
}
