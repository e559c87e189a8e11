import type { Duplex } from 'node:stream'
import { Failure } from '../base/failure.ts'
import type { Log } from '../base/log.ts'
import { connectSocket, reasonOf } from '../transport/connect-socket.ts'
import type { Ask, CommandQuestion, Consent, Secrets } from './ask.ts'
import { resolveHost, withDefaults, type ConfigSources, type Destination } from './config.ts'
import { connectSsh } from './connect.ts'
import { ChannelRefused, type SshConnection } from './connection.ts'
import type { HostConfig } from './host-config.ts'
import { Prompter } from './prompter.ts'
import { runProxyCommand } from './proxy-command.ts'

export interface HopOptions {
  readonly sources: ConfigSources
  /** In place of what the configuration names; for the lab and for tests. */
  readonly knownHostsFiles: readonly string[] | null
  readonly ask: Ask
  readonly consent: Consent
  readonly secrets: Secrets | null
  readonly log: Log
  readonly signal: AbortSignal
  readonly keepaliveMs: number | null
  readonly connectDeadlineMs: number | null
  readonly report: (step: string) => void
}

/** Further jumps than anybody has; a ProxyJump that leads back to itself is found by it. */
const maximumHops = 12
const usualKeepaliveMs = 10_000
const usualDeadlineMs = 30_000

/** The connections to a host, the first to it through all others; `config` is the host's. */
export interface Chain {
  readonly config: HostConfig
  readonly connections: readonly SshConnection[]
  readonly connection: SshConnection
}

/** Connects to a host over whatever its configuration says lies before it, each hop with its own configuration, host key and login. */
export async function connectChain(destination: Destination, options: HopOptions): Promise<Chain> {
  const connections: SshConnection[] = []
  try {
    const { config, connection } = await hop(destination, null, options, connections, 0)
    return { config, connections, connection }
  } catch (error) {
    for (const connection of connections.reverse()) connection.close()
    throw error
  }
}

async function hop(
  destination: Destination,
  via: SshConnection | null,
  options: HopOptions,
  connections: SshConnection[],
  depth: number,
): Promise<{ config: HostConfig; connection: SshConnection }> {
  if (depth > maximumHops) {
    throw new Failure('ssh-config-invalid', `The jump hosts before ${destination.host} lead in a circle.`, { next: 'Look at the ProxyJump lines of ~/.ssh/config.' })
  }
  const { signal } = options
  const prompter = new Prompter({ ask: options.ask, secrets: null, log: options.log, signal })
  const allowCommand = (question: CommandQuestion) => isAllowed(question, prompter, options.consent)
  const resolved = await resolveHost(destination, options.sources, { allowCommand, signal })
  const config = options.knownHostsFiles ? { ...resolved, userKnownHostsFiles: options.knownHostsFiles, globalKnownHostsFiles: [] } : resolved
  let last = via
  // The hosts of a jump list follow each other, whatever their own configuration says; only the first may have jumps of its own.
  if (!last && config.proxy.kind === 'jump') {
    for (const jump of config.proxy.hosts) last = (await hop(jump, last, options, connections, depth + 1)).connection
  }
  if (!last && config.proxy.kind === 'command') await consentToProxy(config, prompter, options.consent)
  const connection = await connectSsh({
    config,
    openStream: (stop) => openStream(config, last, options, stop),
    ask: options.ask,
    secrets: options.secrets,
    log: options.log,
    signal,
    keepaliveMs: options.keepaliveMs ?? config.serverAliveIntervalMs ?? usualKeepaliveMs,
    deadlineMs: options.connectDeadlineMs ?? config.connectTimeoutMs ?? usualDeadlineMs,
    onStep: options.report,
  })
  connections.push(connection)
  return { config, connection }
}

async function openStream(config: HostConfig, via: SshConnection | null, options: HopOptions, signal: AbortSignal): Promise<Duplex> {
  const { hostname: host, port, original, addressFamily } = config
  if (via) {
    return via.openTcp(host, port, signal).catch((error: unknown) => {
      if (!(error instanceof ChannelRefused)) throw error
      if (error.reason === 'prohibited') {
        throw new Failure('ssh-forwarding-refused', `The jump host does not forward connections to ${original}.`, {
          evidence: error.message,
          next: 'Allow AllowTcpForwarding in the jump host’s sshd_config.',
        })
      }
      throw new Failure('host-unreachable', `The jump host cannot reach ${original} at ${host} port ${port}.`, { evidence: error.message })
    })
  }
  if (config.proxy.kind === 'command') return runProxyCommand(config.proxy.command, original, withDefaults(options.sources).environment)
  try {
    const socket = await connectSocket({ host, port, ...(addressFamily ? { family: addressFamily } : {}) }, signal)
    return socket.setKeepAlive(true, 30_000)
  } catch (error) {
    signal.throwIfAborted()
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
      throw new Failure('host-not-found', `No host has the name ${host}.`, { evidence: reasonOf(error), next: 'Check the name, or use the host’s address.', cause: error })
    }
    const sentence = code === 'ECONNREFUSED' ? `Nothing answers at ${host} port ${port}.` : `${host} cannot be reached.`
    throw new Failure('host-unreachable', sentence, { evidence: reasonOf(error), next: 'Check that the host is up and that its SSH server listens on this port.', cause: error })
  }
}

async function isAllowed(question: CommandQuestion, prompter: Prompter, consent: Consent): Promise<boolean> {
  if (await consent(question)) return true
  const answer = await prompter.ask(question)
  return answer.kind === 'accept' || answer.kind === 'accept-once'
}

async function consentToProxy(config: HostConfig, prompter: Prompter, consent: Consent): Promise<void> {
  if (config.proxy.kind !== 'command') return
  const { line, command } = config.proxy
  const { file, lineNumber, text } = line
  const question: CommandQuestion = { kind: 'command-consent', host: config.original, source: 'proxy-command', line: text, command, file, lineNumber }
  if (await isAllowed(question, prompter, consent)) return
  throw new Failure('consent-refused', `The ProxyCommand for ${config.original} was not allowed to run.`, {
    evidence: `${file}:${lineNumber}: ${text}`,
    next: 'Connect again and allow the line, or remove it for this host.',
  })
}
