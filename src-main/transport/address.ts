import { Failure } from '../base/failure.ts'

/**
 * Where a host is. `ssh`: `host` is what one would give to ssh(1), so it may be an alias of ~/.ssh/config; user and port are null where the
 * configuration decides. `unix`: a libvirt socket on this machine, or null for whichever is found. `twin`: a simulated host.
 */
export type HostAddress =
  | { readonly scheme: 'ssh'; readonly user: string | null; readonly host: string; readonly port: number | null }
  | { readonly scheme: 'unix'; readonly path: string | null }
  | { readonly scheme: 'twin'; readonly lab: string; readonly host: string }

/** The address of the machine that Drover runs on. */
export const thisMachine = 'unix://'

const examples = 'Write ssh://user@host:port, user@host, unix:///path/to/libvirt-sock, or unix:// for this machine.'

function invalid(text: string, why: string): Failure<'address-invalid'> {
  return new Failure('address-invalid', `“${text}” is not an address of a host: ${why}.`, { evidence: text, next: examples })
}

function decode(text: string, part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw invalid(text, 'a percent sign is not followed by two hexadecimal digits')
  }
}

/**
 * Reads `[user@]host[:port]` with IPv6 addresses in brackets, the form that ssh(1), ProxyJump and ssh:// share.
 * The user ends at the last `@`. Throws `address-invalid`.
 */
export function parseDestination(text: string, whole: string = text): { user: string | null; host: string; port: number | null } {
  const at = text.lastIndexOf('@')
  const user = at < 0 ? null : decode(whole, text.slice(0, at))
  if (user === '') throw invalid(whole, 'the user before @ is empty')
  // OpenSSH refuses such users and hosts as well (ssh.c, valid_ruser and valid_hostname): they would become options or shell text.
  if (user !== null && (user.startsWith('-') || /[\s'"`\\;&<>|(){}]/.test(user))) throw invalid(whole, 'the user has characters that no user name has')
  const rest = text.slice(at + 1)
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)|([0-9A-Fa-f:.]+(?:%[\w.-]+)?))(?::(\d+))?$/.exec(rest)
  const host = match?.[1] ?? match?.[2] ?? match?.[3]
  if (!host) throw invalid(whole, rest === '' ? 'it names no host' : 'the host or port cannot be read')
  if (host.startsWith('-') || /[\s'"`$\\;&<>|(){}/?#*!,]/.test(host)) throw invalid(whole, 'the host has characters that no host name has')
  const port = match?.[4] === undefined ? null : Number(match[4])
  if (port !== null && (port < 1 || port > 65535)) throw invalid(whole, 'the port is not between 1 and 65535')
  return { user, host, port }
}

/** Reads an address. A text without a scheme is taken as an SSH destination. Throws `address-invalid` with what is wrong. */
export function parseAddress(text: string): HostAddress {
  const trimmed = text.trim()
  const match = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/(.*)$/s.exec(trimmed)
  if (!match) {
    if (trimmed === '') throw invalid(text, 'it is empty')
    if (trimmed.startsWith('/')) return { scheme: 'unix', path: trimmed }
    return { scheme: 'ssh', ...parseDestination(trimmed) }
  }
  const [, scheme = '', rest = ''] = match
  switch (scheme.toLowerCase()) {
    case 'ssh':
      return { scheme: 'ssh', ...parseDestination(rest.replace(/\/$/, ''), trimmed) }
    case 'unix':
      if (rest === '') return { scheme: 'unix', path: null }
      if (!rest.startsWith('/') || rest === '/') throw invalid(trimmed, 'the socket needs an absolute path, with three slashes')
      return { scheme: 'unix', path: decode(trimmed, rest) }
    case 'twin': {
      const parts = rest.split('/')
      const [lab, host] = parts
      if (!lab || !host || parts.length !== 2) throw invalid(trimmed, 'a simulated host is twin://lab/host')
      return { scheme: 'twin', lab: decode(trimmed, lab), host: decode(trimmed, host) }
    }
    default:
      throw invalid(trimmed, `“${scheme}” is not a scheme that Drover knows`)
  }
}

/** The canonical text of an address; `parseAddress` reads it back to the same value. */
export function formatAddress(address: HostAddress): string {
  switch (address.scheme) {
    case 'ssh': {
      const user = address.user === null ? '' : `${encodeURIComponent(address.user)}@`
      const host = address.host.includes(':') ? `[${address.host}]` : address.host
      return `ssh://${user}${host}${address.port === null ? '' : `:${address.port}`}`
    }
    case 'unix':
      return address.path === null ? thisMachine : `unix://${encodeURI(address.path)}`
    case 'twin':
      return `twin://${encodeURIComponent(address.lab)}/${encodeURIComponent(address.host)}`
  }
}
