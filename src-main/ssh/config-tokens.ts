import { createHash } from 'node:crypto'
import { hostname } from 'node:os'
import { join } from 'node:path'

/** What the percent tokens of ssh_config(5) stand for. */
export interface TokenValues {
  /** %h, the host to connect to. */
  readonly hostname: string
  /** %n, the host as it was asked for. */
  readonly original: string
  /** %k, the alias for the host key, else %n. */
  readonly hostKeyAlias: string | null
  readonly port: number
  /** %r, the remote user. */
  readonly user: string
  /** %u, the local user. */
  readonly localUser: string
  /** %d, the local user's home. */
  readonly home: string
  /** %j, the ProxyJump, else empty. */
  readonly proxyJump: string | null
}

/** Replaces the percent tokens. Throws an Error that names an unknown token. */
export function expandTokens(text: string, values: TokenValues): string {
  const local = hostname()
  const byToken: Record<string, () => string> = {
    '%': () => '%',
    C: () =>
      createHash('sha1')
        .update(local + values.hostname + values.port + values.user + (values.proxyJump ?? ''))
        .digest('hex'),
    d: () => values.home,
    h: () => values.hostname,
    i: () => String(process.getuid?.() ?? ''),
    j: () => values.proxyJump ?? '',
    k: () => values.hostKeyAlias ?? values.original,
    L: () => local.split('.')[0]!,
    l: () => local,
    n: () => values.original,
    p: () => String(values.port),
    r: () => values.user,
    u: () => values.localUser,
  }
  return text.replace(/%(.?)/gs, (_, token: string) => {
    const value = byToken[token]
    if (!value) throw new Error(`the token %${token} is unknown here`)
    return value()
  })
}

/** Replaces `${NAME}` by environment variables, as OpenSSH does in file names. Throws an Error that names a variable that is not set. */
export function expandEnvironment(text: string, environment: NodeJS.ProcessEnv = process.env): string {
  return text.replace(/\$\{([^}]*)\}/g, (_, name: string) => {
    const value = environment[name]
    if (value === undefined) throw new Error(`the environment variable ${name} is not set`)
    return value
  })
}

/** Replaces a leading `~/` (or a lone `~`) by the home folder. `~name` is left alone: other users' homes are not looked up. */
export function expandTilde(path: string, home: string): string {
  return path === '~' ? home : path.startsWith('~/') ? join(home, path.slice(2)) : path
}

/** A file name of the configuration, with everything in it replaced. */
export function expandPath(text: string, values: TokenValues, environment?: NodeJS.ProcessEnv): string {
  return expandTokens(expandEnvironment(expandTilde(text, values.home), environment), values)
}
