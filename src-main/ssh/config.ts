import { homedir, userInfo } from 'node:os'
import { join } from 'node:path'
import type { CommandQuestion } from './ask.ts'
import { configFailure, type ConfigLine } from './config-file.ts'
import { readConfigTree, type ConfigNode } from './config-include.ts'
import { execQuestion, matchesHostLine, matchesMatchLine, runMatchCommand } from './config-match.ts'
import { expandPath, expandTokens, type TokenValues } from './config-tokens.ts'
import { readHostConfig, type HostConfig } from './host-config.ts'

/** Where configuration comes from. Everything has the default that OpenSSH has; tests and the lab give their own. */
export interface ConfigSources {
  /** In the order of precedence. Default: ~/.ssh/config, /etc/ssh/ssh_config. */
  readonly files?: readonly string[]
  /** Default: the home folder of the user (HOME). */
  readonly home?: string
  readonly localUser?: string
  readonly environment?: NodeJS.ProcessEnv
}

/** What a person or a jump list says about a host, which precedes all files. */
export interface Destination {
  readonly host: string
  readonly user: string | null
  readonly port: number | null
}

export interface ResolveOptions {
  /** Asked before a Match exec command runs; without it none does, and such a line does not match. */
  readonly allowCommand?: (question: CommandQuestion) => Promise<boolean>
  readonly signal?: AbortSignal
}

/** The first value of each directive, and all of IdentityFile's: OpenSSH's rule. */
export interface Directives {
  first(keyword: string): ConfigLine | undefined
  readonly identityFiles: readonly ConfigLine[]
  /** Whichever of ProxyJump and ProxyCommand came first; the other is then ignored. */
  readonly proxy: ConfigLine | undefined
}

/** What is the same for every host: sources with their defaults filled in. */
export function withDefaults(sources: ConfigSources): Required<ConfigSources> {
  const home = sources.home ?? homedir()
  return {
    home,
    files: sources.files ?? [join(home, '.ssh/config'), '/etc/ssh/ssh_config'],
    localUser: sources.localUser ?? userInfo().username,
    environment: sources.environment ?? process.env,
  }
}

class Evaluation implements Directives {
  readonly #first = new Map<string, ConfigLine>()
  readonly identityFiles: ConfigLine[] = []
  readonly #executed = new Map<string, boolean>()
  readonly destination: Destination
  readonly #sources: Required<ConfigSources>
  readonly #options: ResolveOptions
  proxy: ConfigLine | undefined
  wantsFinalPass = false

  constructor(destination: Destination, sources: Required<ConfigSources>, options: ResolveOptions) {
    this.destination = destination
    this.#sources = sources
    this.#options = options
  }

  first(keyword: string): ConfigLine | undefined {
    return this.#first.get(keyword)
  }

  /** HostName so far with its tokens replaced, else the host as asked for. */
  get hostname(): string {
    const line = this.#first.get('hostname')
    const { host } = this.destination
    return line ? line.args[0]!.replace(/%(.)/g, (token, name) => (name === 'h' ? host : name === '%' ? '%' : token)) : host
  }

  get user(): string {
    return this.destination.user ?? this.#first.get('user')?.args[0] ?? this.#sources.localUser
  }

  get tokens(): TokenValues {
    return {
      hostname: this.hostname,
      original: this.destination.host,
      hostKeyAlias: this.#first.get('hostkeyalias')?.args[0] ?? null,
      port: this.destination.port ?? Number(this.#first.get('port')?.args[0] ?? 22),
      user: this.user,
      localUser: this.#sources.localUser,
      home: this.#sources.home,
      proxyJump: this.proxy?.keyword === 'proxyjump' ? this.proxy.args[0]! : null,
    }
  }

  /** Goes through one file's directives. `host` is what Host patterns see; `isActive` whether the enclosing block applies. */
  async apply(nodes: readonly ConfigNode[], host: string, isFinal: boolean, isActive = true): Promise<void> {
    let applies = isActive
    for (const { line, included } of nodes) {
      if (line.keyword === 'host') applies = isActive && matchesHostLine(line, host)
      else if (line.keyword === 'match') applies = isActive && (await this.#matches(line, host, isFinal))
      else if (line.keyword === 'include') for (const file of included) await this.apply(file, host, isFinal, applies)
      else if (applies) this.#set(line)
    }
  }

  #set(line: ConfigLine): void {
    if (line.args.length === 0) throw configFailure(line, `“${line.keyword}” has no argument`)
    if (line.keyword === 'identityfile') this.identityFiles.push(line)
    else if (line.keyword === 'proxyjump' || line.keyword === 'proxycommand') this.proxy ??= line
    else if (!this.#first.has(line.keyword)) this.#first.set(line.keyword, line)
  }

  #matches(line: ConfigLine, host: string, isFinal: boolean): Promise<boolean> {
    const hostname = this.#first.has('hostname') ? this.hostname : host
    const subject = { host, original: this.destination.host, hostname, user: this.user, localUser: this.#sources.localUser, isFinal }
    return matchesMatchLine(
      line,
      subject,
      (command) => this.#execute(line, command),
      () => (this.wantsFinalPass = true),
    )
  }

  async #execute(line: ConfigLine, command: string): Promise<boolean> {
    const question = inLine(line, () => execQuestion(line, command, this.tokens))
    const known = this.#executed.get(question.command)
    if (known !== undefined) return known
    const isAllowed = (await this.#options.allowCommand?.(question)) ?? false
    const signal = this.#options.signal ?? new AbortController().signal
    const holds = isAllowed && (await runMatchCommand(question.command, this.#sources.environment, signal))
    this.#executed.set(question.command, holds)
    return holds
  }
}

/** Runs `read`, and turns an Error about a value into a complaint about the line that has it. */
export function inLine<T>(line: ConfigLine, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw configFailure(line, (error as Error).message)
  }
}

/**
 * What the configuration says about a host, by the rules of ssh_config(5): files in order, the first value wins, IdentityFile adds up,
 * `Match final` brings a second pass. Names are not canonicalised (CanonicalizeHostname is taken as no).
 * Throws `ssh-config-invalid` with file and line.
 */
export async function resolveHost(destination: Destination, from: ConfigSources = {}, options: ResolveOptions = {}): Promise<HostConfig> {
  const sources = withDefaults(from)
  const files: ConfigNode[][] = []
  for (const file of sources.files) files.push(await readConfigTree(file, sources.home))
  const evaluation = new Evaluation(destination, sources, options)
  for (const nodes of files) await evaluation.apply(nodes, destination.host, false)
  if (evaluation.wantsFinalPass) {
    const { hostname } = evaluation
    for (const nodes of files) await evaluation.apply(nodes, hostname, true)
  }
  const tokens = evaluation.tokens
  return readHostConfig(evaluation, destination, tokens, {
    path: (line, text) => inLine(line, () => expandPath(text, tokens, sources.environment)),
    command: (line, text) => inLine(line, () => expandTokens(text, tokens)),
    environment: sources.environment,
    home: sources.home,
  })
}

/** A host of the configuration, for a list to choose from. */
export interface ConfiguredHost {
  readonly alias: string
  readonly hostname: string
  readonly user: string
  readonly port: number
}

/**
 * The aliases that the configuration names without wildcards, in its order, each with where it leads. Runs no command: a Match exec line counts
 * as not matching. A host whose lines cannot be read is left out; a file that cannot be parsed rejects with `ssh-config-invalid`.
 */
export async function listConfiguredHosts(from: ConfigSources = {}): Promise<ConfiguredHost[]> {
  const sources = withDefaults(from)
  const aliases = new Set<string>()
  const collect = (nodes: readonly ConfigNode[]) => {
    for (const { line, included } of nodes) {
      if (line.keyword === 'host') for (const name of line.args) if (name !== '' && !/[*?!]/.test(name)) aliases.add(name)
      included.forEach(collect)
    }
  }
  for (const file of sources.files) collect(await readConfigTree(file, sources.home))
  const hosts: ConfiguredHost[] = []
  for (const alias of aliases) {
    const config = await resolveHost({ host: alias, user: null, port: null }, sources).catch(() => null)
    if (config) hosts.push({ alias, hostname: config.hostname, user: config.user, port: config.port })
  }
  return hosts
}
