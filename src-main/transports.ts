import type { HostCandidate, PromptAnswer } from './contract/host.ts'
import type { Log } from './base/log.ts'
import type { Secrets } from './base/secrets.ts'
import { Failure } from './base/failure.ts'
import type { Question } from './features/host/prompts.ts'
import type { OpenContext, TransportFactory } from './features/host/transport-factory.ts'
import type { SecretKey, SshAnswer, SshQuestion } from './ssh/ask.ts'
import { listConfiguredHosts, type ConfigSources } from './ssh/config.ts'
import { SshTransport } from './ssh/ssh-transport.ts'
import { parseAddress } from './transport/address.ts'
import { LocalTransport } from './transport/local.ts'

export interface TransportOptions {
  readonly log: Log
  readonly secrets: Secrets
  /** Where ssh_config is read from, asked at every connection. */
  readonly ssh: () => ConfigSources
  /** Lines of ssh_config that the user allowed to run a program, and how one is added. */
  readonly allowed: { list(): readonly string[]; add(line: string): Promise<void> }
}

/** The ways to reach a host, by the scheme of its address. Features know none of them. */
export function createTransports(options: TransportOptions): TransportFactory {
  return async (text, context) => {
    const address = parseAddress(text)
    switch (address.scheme) {
      case 'unix':
        return new LocalTransport(address)
      case 'ssh':
        context.report(`Connecting to ${address.host}`)
        return SshTransport.open({
          address,
          sources: options.ssh(),
          ask: (question, signal) => ask(question, signal, context, options),
          consent: ({ line }) => options.allowed.list().includes(line),
          secrets: sshSecrets(options.secrets),
          report: context.report,
          log: options.log,
          signal: context.signal,
        })
      case 'twin':
        throw new Failure('demo-not-open', 'Simulated hosts are only in a demo lab.', { evidence: text, next: 'Open the demo lab.' })
    }
  }
}

/** Entries of ssh_config that stand for one host each. */
export async function sshCandidates(sources?: ConfigSources): Promise<HostCandidate[]> {
  const hosts = await listConfiguredHosts(sources)
  return hosts.map((host) => ({ ...host, source: '~/.ssh/config' }))
}

function sshSecrets(secrets: Secrets) {
  return {
    lookup: (key: SecretKey) => secrets.get(key),
    remember: (key: SecretKey, secret: string) => secrets.set(key, secret),
    forget: (key: SecretKey) => secrets.remove(key),
  }
}

async function ask(question: SshQuestion, signal: AbortSignal, context: OpenContext, options: TransportOptions): Promise<SshAnswer> {
  const answer = await context.ask(questionOf(question), signal)
  if (question.kind === 'command-consent' && answer.kind === 'accept' && answer.remember) await options.allowed.add(question.line)
  return answerOf(question, answer)
}

/** A question of SSH in the contract's words. */
function questionOf(question: SshQuestion): Question {
  switch (question.kind) {
    case 'host-key': {
      const { host, port, keyType, fingerprint } = question
      return { kind: 'host-key', host, port, keyType, fingerprint, remarks: remarksOf(question) }
    }
    case 'passphrase':
      return { kind: 'passphrase', key: question.path, isRetry: question.attempt > 1 }
    case 'password':
      return { kind: 'password', user: question.user, host: question.host, isRetry: question.attempt > 1 }
    case 'sudo-password':
      return { kind: 'sudo', user: question.user, host: question.host, isRetry: question.attempt > 1 }
    case 'keyboard-interactive': {
      const { host, name, instructions, prompts } = question
      return { kind: 'challenge', host, name, instructions, questions: prompts.map(({ text, echo }) => ({ text, isEchoed: echo })) }
    }
    case 'command-consent': {
      const { host, line, command, file, lineNumber } = question
      return { kind: 'command', host, line, command, source: `${file}:${lineNumber}` }
    }
  }
}

function remarksOf(question: Extract<SshQuestion, { kind: 'host-key' }>): string[] {
  const remarks = question.alsoKnownAs.map((place) => `The same key is known under another name (${place}).`)
  if (question.otherKeys.length > 0) remarks.push(`Keys of other types are known for this host (${question.otherKeys.join(', ')}): that it shows a new one is unusual.`)
  if (question.certAuthority) remarks.push(`A certificate authority could vouch for this host (${question.certAuthority}), but Drover does not read host certificates.`)
  if (question.knownHostsFile) remarks.push(`Accepting for good writes the key to ${question.knownHostsFile}.`)
  return remarks
}

function answerOf(question: SshQuestion, answer: PromptAnswer): SshAnswer {
  switch (answer.kind) {
    case 'refuse':
      return question.kind === 'host-key' || question.kind === 'command-consent' ? { kind: 'refuse' } : { kind: 'dismissed' }
    case 'accept':
      return { kind: answer.remember ? 'accept' : 'accept-once' }
    case 'text':
      if (question.kind === 'keyboard-interactive') return { kind: 'texts', values: answer.texts }
      return { kind: 'secret', value: answer.texts[0] ?? '', remember: answer.remember }
  }
}
