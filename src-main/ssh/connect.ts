import type { Duplex } from 'node:stream'
import ssh2, { type AuthHandlerMiddleware, type Client } from 'ssh2'
import { Failure, messageOf } from '../base/failure.ts'
import type { Log } from '../base/log.ts'
import { reasonOf } from '../transport/connect-socket.ts'
import type { Ask, Secrets } from './ask.ts'
import { Authentication } from './authentication.ts'
import { PausableDeadline } from './clock.ts'
import { SshConnection } from './connection.ts'
import { HostKeys } from './host-key.ts'
import { hostKeyAlgorithms } from './host-key-algorithms.ts'
import type { HostConfig } from './host-config.ts'
import { Prompter } from './prompter.ts'

export interface ConnectOptions {
  readonly config: HostConfig
  /** Makes the byte stream to the server; it is destroyed with the connection. */
  readonly openStream: (signal: AbortSignal) => Promise<Duplex>
  readonly ask: Ask
  readonly secrets: Secrets | null
  readonly log: Log
  readonly signal: AbortSignal
  /** Between two signs of life, in ms. */
  readonly keepaliveMs: number
  /** For the whole of it, in ms, not counting the time in which a person is being asked. */
  readonly deadlineMs: number
  readonly onStep: (step: string) => void
}

type Phase = 'greeting' | 'key-exchange' | 'login'

/** Connects to one SSH server over a given stream: version, keys, host key, login. Rejects with a Failure, everything closed. */
export async function connectSsh(options: ConnectOptions): Promise<SshConnection> {
  const { config } = options
  const clock = new PausableDeadline(options.deadlineMs, `Connecting to ${config.original}`)
  const stopped = new AbortController()
  const signal = AbortSignal.any([options.signal, clock.signal, stopped.signal])
  let stream: Duplex | undefined
  try {
    const hostKeys = await HostKeys.read(config)
    signal.throwIfAborted()
    options.onStep(`Reaching ${config.original}`)
    stream = await options.openStream(signal)
    const connection = await handshake({ ...options, signal }, stream, hostKeys, clock)
    return connection
  } catch (error) {
    stream?.destroy()
    // Whatever was being asked need not be answered any more.
    stopped.abort(error)
    throw error
  } finally {
    clock.stop()
  }
}

function handshake(options: ConnectOptions, stream: Duplex, hostKeys: HostKeys, clock: PausableDeadline): Promise<SshConnection> {
  const { config, log } = options
  return new Promise((resolve, reject) => {
    const stopped = new AbortController()
    const signal = AbortSignal.any([options.signal, stopped.signal])
    const client = new ssh2.Client()
    let phase: Phase = 'greeting'
    let acceptedKey: Buffer | null = null
    const settle = () => {
      options.signal.removeEventListener('abort', onAbort)
      client.removeAllListeners()
    }
    const fail = (error: unknown) => {
      if (stopped.signal.aborted) return
      settle()
      // ssh2 may still speak; an error without a listener would end the program.
      client.on('error', () => {})
      stopped.abort(error)
      stream.destroy()
      reject(error)
    }
    const onAbort = () => fail(options.signal.reason)
    if (options.signal.aborted) return fail(options.signal.reason)
    options.signal.addEventListener('abort', onAbort, { once: true })

    const prompter = new Prompter({ ask: options.ask, secrets: options.secrets, log, signal, clock })
    const authentication = new Authentication(config, prompter, fail)
    client.on('error', (error: Error & { level?: string }) => {
      // One key's trouble; the next attempt follows by itself.
      if (error.level === 'agent') return
      fail(explain(error, phase, config, authentication))
    })
    client.on('close', () => fail(explain(null, phase, config, authentication)))
    client.on('end', () => stream.destroy())
    client.on('handshake', () => {
      phase = 'login'
      options.onStep(`Logging in to ${config.original}`)
    })
    client.on('change password', () =>
      fail(
        new Failure('ssh-auth-refused', `The password of ${config.user} on ${config.original} has expired.`, {
          next: `Log in once with ssh ${config.user}@${config.hostname} and choose a new one.`,
        }),
      ),
    )
    client.once('ready', () => {
      settle()
      const connection = new SshConnection(config.original, client, stream)
      void authentication.succeeded()
      resolve(connection)
    })
    const verify = (key: Buffer, answer: (isTrusted: boolean) => void) => {
      phase = 'key-exchange'
      // The key is shown again at every exchange of session keys; then it has to be the one of the beginning.
      if (acceptedKey) return answer(acceptedKey.equals(key))
      hostKeys.verify(key, (question) => prompter.ask(question), signal, log).then(() => {
        acceptedKey = Buffer.from(key)
        if (!stopped.signal.aborted) answer(true)
      }, fail)
    }
    try {
      connectClient(client, options, stream, hostKeys, authentication, verify)
    } catch (error) {
      fail(error)
    }
  })
}

function connectClient(
  client: Client,
  { config, keepaliveMs }: ConnectOptions,
  stream: Duplex,
  hostKeys: HostKeys,
  authentication: Authentication,
  hostVerifier: (key: Buffer, answer: (isTrusted: boolean) => void) => void,
): void {
  client.connect({
    sock: stream,
    username: config.user,
    // ssh2's own clock would run on while a person thinks.
    readyTimeout: 0,
    keepaliveInterval: keepaliveMs,
    keepaliveCountMax: config.serverAliveCountMax,
    algorithms: { serverHostKey: hostKeyAlgorithms(config.hostKeyAlgorithms, hostKeys.knownTypes) },
    hostVerifier,
    authHandler: authentication.handler as unknown as AuthHandlerMiddleware,
  })
  client.setNoDelay(true)
  hearRefusals(client, authentication)
}

/** Past ssh2's own authHandler, which is not told of partial successes and of the methods left when an agent's key was tried (ssh2 1.17, client.js). */
function hearRefusals(client: Client, authentication: Authentication): void {
  type Refusal = (protocol: unknown, methods: string[], isPartial: boolean) => void
  const { _handlers: handlers } = (client as unknown as { _protocol: { _handlers: { USERAUTH_FAILURE: Refusal } } })._protocol
  const own = handlers.USERAUTH_FAILURE
  handlers.USERAUTH_FAILURE = (protocol, methods, isPartial) => {
    authentication.refused(methods, isPartial)
    own(protocol, methods, isPartial)
  }
}

function explain(error: (Error & { level?: string; code?: unknown }) | null, phase: Phase, config: HostConfig, authentication: Authentication): unknown {
  if (error instanceof Failure) return error
  const { original, hostname, port } = config
  const evidence = error ? reasonOf(error) : 'the other side closed the connection'
  if (error?.level === 'client-authentication') return authentication.refusal(null)
  if (phase === 'login' && error && /authentication failures|disconnected|not allowed|denied/i.test(error.message)) return authentication.refusal(messageOf(error))
  if (error?.level === 'handshake' && /no matching/i.test(error.message)) {
    return new Failure('ssh-algorithms', `${original} and Drover have no algorithm in common.`, {
      evidence,
      next: 'Update the SSH server, or allow one of curve25519-sha256, ecdh-sha2-nistp256, aes256-gcm and ssh-ed25519 in its configuration.',
    })
  }
  const isSocket = error?.level === 'client-socket'
  if (phase === 'greeting' && !isSocket) {
    return new Failure('ssh-protocol', `What answers at ${hostname} port ${port} is not a usable SSH server.`, {
      evidence,
      next: 'Check the port, and whether the server limits connections (MaxStartups, fail2ban).',
    })
  }
  return new Failure('host-unreachable', `${original} broke off the connection ${phase === 'login' ? 'during the login' : 'before it was made'}.`, {
    evidence,
    ...(phase === 'login' ? { next: 'The server may have waited too long for an answer (LoginGraceTime). Connect again.' } : {}),
    cause: error ?? undefined,
  })
}
