import { Failure } from '../base/failure.ts'
import { libvirtSockets } from '../transport/local-libvirt.ts'
import type { LibvirtRoute } from '../transport/transport.ts'
import type { LibvirtFacts } from './libvirt-facts.ts'

/** A way to the daemon that was tried in vain. */
export interface Trial {
  readonly route: LibvirtRoute
  readonly path: string
  readonly evidence: string
}

const startDaemon = 'Start it on the host: sudo systemctl enable --now libvirtd.socket, or virtqemud.socket where the daemons are modular.'

/** Why the daemon of a host cannot be reached, told from what can be seen of it and from what was tried. */
export function explainLibvirt(host: string, facts: LibvirtFacts | null, trials: readonly Trial[]): Failure {
  const evidence = trials.map((trial) => `${trial.route} (${trial.path}): ${trial.evidence}`).join('; ')
  if (!facts) {
    return new Failure('libvirt-no-route', `libvirt on ${host} cannot be reached: the SSH server forwards no sockets and runs no commands for this user.`, {
      evidence,
      next: 'Allow AllowStreamLocalForwarding in sshd_config, or let the user run commands (no ForceCommand).',
    })
  }
  const writable: readonly string[] = libvirtSockets.writable
  const usable = facts.usable.filter((path) => writable.includes(path))
  const forbidden = facts.forbidden.filter(({ path }) => writable.includes(path))
  if (usable.length === 0 && forbidden.length === 0) {
    return new Failure('libvirt-not-running', `No libvirt daemon runs on ${host}.`, {
      evidence: `no socket at ${writable.join(', ')}`,
      next: `Install libvirt where it is missing. ${startDaemon}`,
    })
  }
  if (usable.length === 0) return explainForbidden(host, facts, forbidden, trials, evidence)
  if (trials.some((trial) => trial.route !== 'socket' && /connection refused|ECONNREFUSED|failed to connect|no such file/i.test(trial.evidence))) {
    return new Failure('libvirt-not-running', `libvirt’s daemon on ${host} does not answer on its socket.`, { evidence, next: startDaemon })
  }
  const helper = facts.programs.has('virt-ssh-helper') || facts.programs.has('nc')
  return new Failure('libvirt-no-route', `${host} has a libvirt socket, but nothing leads to it.`, {
    evidence: `${evidence}${helper ? '' : '; neither virt-ssh-helper nor nc is installed'}`,
    next: `Set AllowStreamLocalForwarding yes (and no DisableForwarding) in the host’s sshd_config, or install virt-ssh-helper (libvirt-daemon) or netcat-openbsd. If the daemon is not running: ${startDaemon}`,
  })
}

function explainForbidden(host: string, facts: LibvirtFacts, forbidden: LibvirtFacts['forbidden'], trials: readonly Trial[], evidence: string): Failure {
  const { user, groups } = facts
  // A socket of group root lets no one else in by group; the usual name is then the better advice.
  const named = forbidden.map(({ group }) => group).find((group) => group !== '' && group !== 'root' && group !== 'UNKNOWN')
  const group = named ?? 'libvirt'
  const bySudo = trials.filter((trial) => trial.route.startsWith('sudo'))
  const next = groups.includes(group)
    ? `The user is in the group ${group} and still may not: look at unix_sock_rw_perms in /etc/libvirt/libvirtd.conf.`
    : `Add the user to the group ${group} on the host (sudo usermod -aG ${group} ${user}) and connect again, or connect as root.`
  const sentence = `The user ${user} may not open libvirt’s socket on ${host}.`
  if (bySudo.length > 0) return new Failure('libvirt-sudo-refused', `${sentence} sudo did not help.`, { evidence, next })
  return new Failure('libvirt-permission-denied', sentence, {
    evidence: `${forbidden.map(({ path, group: owner }) => `${path} belongs to group ${owner || 'unknown'}`).join('; ')}; the user is in ${groups.join(', ')}`,
    next,
  })
}
