import { join } from 'node:path'
import { parseDestination } from '../transport/address.ts'
import { messageOf } from '../base/failure.ts'
import type { Destination, Directives } from './config.ts'
import { configFailure, type ConfigLine } from './config-file.ts'
import type { TokenValues } from './config-tokens.ts'

/** How to get to the host: directly, over other hosts (first to last), or through a program of the user's. */
export type Proxy =
  | { readonly kind: 'none' }
  | { readonly kind: 'jump'; readonly hosts: readonly Destination[] }
  | { readonly kind: 'command'; readonly command: string; readonly line: ConfigLine }

export type StrictHostKeyChecking = 'ask' | 'yes' | 'accept-new' | 'no'
export type AuthenticationMethod = 'publickey' | 'keyboard-interactive' | 'password'

/** What ssh_config(5) says about one host, as far as Drover heeds it. File names are absolute. */
export interface HostConfig {
  readonly original: string
  readonly hostname: string
  readonly user: string
  readonly port: number
  readonly proxy: Proxy
  readonly identityFiles: readonly string[]
  readonly identitiesOnly: boolean
  /** The agent's socket, or null for none. */
  readonly identityAgent: string | null
  /** The methods that may be used, in the order in which they are tried. */
  readonly methods: readonly AuthenticationMethod[]
  readonly passwordPrompts: number
  readonly userKnownHostsFiles: readonly string[]
  readonly globalKnownHostsFiles: readonly string[]
  readonly hashKnownHosts: boolean
  readonly hostKeyAlias: string | null
  /** As written, with a leading +, - or ^ where the default is amended; null for the default. */
  readonly hostKeyAlgorithms: string | null
  readonly strictHostKeyChecking: StrictHostKeyChecking
  readonly addressFamily: 4 | 6 | null
  readonly connectTimeoutMs: number | null
  readonly serverAliveIntervalMs: number | null
  readonly serverAliveCountMax: number
}

/** OpenSSH's default identities, in its order, without the kinds that cannot be used here (FIDO keys only work through the agent). */
const defaultIdentities = ['id_rsa', 'id_ecdsa', 'id_ed25519']
const defaultMethods: readonly AuthenticationMethod[] = ['publickey', 'keyboard-interactive', 'password']

interface Expansion {
  path(line: ConfigLine, text: string): string
  command(line: ConfigLine, text: string): string
  readonly environment: NodeJS.ProcessEnv
  readonly home: string
}

/** Reads the values of the directives that hold for a host. Throws `ssh-config-invalid`. */
export function readHostConfig(directives: Directives, destination: Destination, tokens: TokenValues, expand: Expansion): HostConfig {
  const read = <T>(keyword: string, fallback: T, parse: (line: ConfigLine) => T): T => {
    const line = directives.first(keyword)
    return line ? parse(line) : fallback
  }
  const files = (keyword: string, fallback: string[]) =>
    read(keyword, fallback, (line) => (line.args[0]!.toLowerCase() === 'none' ? [] : line.args.map((path) => expand.path(line, path))))
  const methods = read('preferredauthentications', defaultMethods, (line) =>
    line.args[0]!.split(',').filter((name): name is AuthenticationMethod => (defaultMethods as readonly string[]).includes(name)),
  )
  const isOff = {
    publickey: read('pubkeyauthentication', false, (line) => line.args[0]!.toLowerCase() === 'no'),
    'keyboard-interactive':
      !read('kbdinteractiveauthentication', true, flag) || !read('challengeresponseauthentication', true, flag),
    password: !read('passwordauthentication', true, flag),
  }
  return {
    original: destination.host,
    hostname: tokens.hostname,
    user: tokens.user,
    port: destination.port ?? read('port', 22, port),
    proxy: readProxy(directives.proxy, expand),
    identityFiles: readIdentities(directives.identityFiles, expand),
    identitiesOnly: read('identitiesonly', false, flag),
    identityAgent: readAgent(directives.first('identityagent'), expand),
    methods: read('batchmode', false, flag) ? methods.filter((name) => name === 'publickey') : methods.filter((name) => !isOff[name]),
    passwordPrompts: read('numberofpasswordprompts', 3, number),
    userKnownHostsFiles: files('userknownhostsfile', [join(expand.home, '.ssh/known_hosts'), join(expand.home, '.ssh/known_hosts2')]),
    globalKnownHostsFiles: files('globalknownhostsfile', ['/etc/ssh/ssh_known_hosts', '/etc/ssh/ssh_known_hosts2']),
    hashKnownHosts: read('hashknownhosts', false, flag),
    hostKeyAlias: tokens.hostKeyAlias,
    hostKeyAlgorithms: read<string | null>('hostkeyalgorithms', null, (line) => line.args[0]!),
    strictHostKeyChecking: read<StrictHostKeyChecking>('stricthostkeychecking', 'ask', strictness),
    addressFamily: read<4 | 6 | null>('addressfamily', null, (line) => ({ inet: 4 as const, inet6: 6 as const })[line.args[0]!.toLowerCase()] ?? null),
    connectTimeoutMs: read('connecttimeout', null, duration),
    serverAliveIntervalMs: read('serveraliveinterval', null, duration) || null,
    serverAliveCountMax: read('serveralivecountmax', 3, number),
  }
}

function flag(line: ConfigLine): boolean {
  const value = line.args[0]!.toLowerCase()
  if (value === 'yes' || value === 'true') return true
  if (value === 'no' || value === 'false') return false
  throw configFailure(line, `“${value}” is neither yes nor no`)
}

function number(line: ConfigLine): number {
  if (!/^\d+$/.test(line.args[0]!)) throw configFailure(line, `“${line.args[0]}” is not a number`)
  return Number(line.args[0])
}

function port(line: ConfigLine): number {
  const value = number(line)
  if (value < 1 || value > 65535) throw configFailure(line, `${value} is not a port`)
  return value
}

/** TIME FORMATS of sshd_config(5), in ms; null for `none`. */
function duration(line: ConfigLine): number | null {
  const text = line.args[0]!.toLowerCase()
  if (text === 'none') return null
  const factors: Record<string, number> = { '': 1, s: 1, m: 60, h: 3600, d: 86400, w: 604800 }
  if (!/^(\d+[smhdw]?)+$/.test(text)) throw configFailure(line, `“${text}” is not a time`)
  let seconds = 0
  for (const [, amount, unit] of text.matchAll(/(\d+)([smhdw]?)/g)) seconds += Number(amount) * factors[unit!]!
  return seconds * 1000
}

function strictness(line: ConfigLine): StrictHostKeyChecking {
  const value = line.args[0]!.toLowerCase()
  if (value === 'yes' || value === 'true') return 'yes'
  if (value === 'no' || value === 'false' || value === 'off') return 'no'
  if (value === 'ask' || value === 'accept-new') return value
  throw configFailure(line, `“${value}” is not a value of StrictHostKeyChecking`)
}

function readProxy(line: ConfigLine | undefined, expand: Expansion): Proxy {
  if (!line) return { kind: 'none' }
  const text = line.args[0]!
  if (text.toLowerCase() === 'none') return { kind: 'none' }
  if (line.keyword === 'proxycommand') return { kind: 'command', command: expand.command(line, text), line }
  const hosts = text.split(',').map((part) => {
    try {
      return parseDestination(part.replace(/^ssh:\/\//i, '').replace(/\/$/, ''), part)
    } catch (error) {
      throw configFailure(line, messageOf(error))
    }
  })
  return { kind: 'jump', hosts }
}

function readIdentities(lines: readonly ConfigLine[], expand: Expansion): string[] {
  if (lines.length === 0) return defaultIdentities.map((name) => join(expand.home, '.ssh', name))
  const named = lines.filter((line) => line.args[0]!.toLowerCase() !== 'none')
  return [...new Set(named.map((line) => expand.path(line, line.args[0]!)))]
}

/** The agent's socket. Windows' own agent listens on a fixed pipe where no variable names another. */
function readAgent(line: ConfigLine | undefined, expand: Expansion): string | null {
  const usual = expand.environment['SSH_AUTH_SOCK'] || (process.platform === 'win32' ? '\\\\.\\pipe\\openssh-ssh-agent' : null)
  if (!line) return usual
  const text = line.args[0]!
  if (text.toLowerCase() === 'none') return null
  if (text === 'SSH_AUTH_SOCK') return usual
  const variable = /^\$(\w+)$/.exec(text)?.[1]
  return variable ? expand.environment[variable] || null : expand.path(line, text)
}
