import { Failure, messageOf } from '../base/failure.ts'
import type { Log } from '../base/log.ts'
import type { Ask, SecretKey, Secrets, SshAnswer, SshQuestion } from './ask.ts'

/** Puts questions to a person while a connection is made, stops its clock meanwhile, and knows which secrets are already kept. */
export class Prompter {
  readonly #ask: Ask
  readonly #secrets: Secrets | null
  readonly #log: Log
  readonly #signal: AbortSignal
  readonly #pausing: { pause(): void; resume(): void } | null

  constructor(options: { ask: Ask; secrets: Secrets | null; log: Log; signal: AbortSignal; clock?: { pause(): void; resume(): void } }) {
    this.#ask = options.ask
    this.#secrets = options.secrets
    this.#log = options.log
    this.#signal = options.signal
    this.#pausing = options.clock ?? null
  }

  get signal(): AbortSignal {
    return this.#signal
  }

  /** Rejects with `prompt-dismissed`, or with the signal's reason. */
  async ask(question: SshQuestion): Promise<Exclude<SshAnswer, { kind: 'dismissed' }>> {
    this.#signal.throwIfAborted()
    this.#pausing?.pause()
    try {
      const answer = await this.#ask(question, this.#signal)
      this.#signal.throwIfAborted()
      if (answer.kind === 'dismissed') throw dismissed(question)
      return answer
    } finally {
      this.#pausing?.resume()
    }
  }

  /** Asks for a secret; null where the person chose to go on without it. Rejects as `ask` does. */
  async askSecret(question: Extract<SshQuestion, { kind: 'passphrase' | 'password' | 'sudo-password' }>): Promise<{ value: string; remember: boolean } | null> {
    const answer = await this.ask(question)
    if (answer.kind === 'secret') return answer
    if (answer.kind === 'skip' || answer.kind === 'refuse') return null
    throw dismissed(question)
  }

  async lookup(key: SecretKey): Promise<string | null> {
    return this.#quietly(() => this.#secrets?.lookup(key) ?? Promise.resolve(null), null)
  }

  async remember(key: SecretKey, secret: string): Promise<void> {
    await this.#quietly(() => this.#secrets?.remember(key, secret) ?? Promise.resolve(), undefined)
  }

  async forget(key: SecretKey): Promise<void> {
    await this.#quietly(() => this.#secrets?.forget(key) ?? Promise.resolve(), undefined)
  }

  async #quietly<T>(work: () => Promise<T>, fallback: T): Promise<T> {
    try {
      return await work()
    } catch (error) {
      this.#log.warn({ why: messageOf(error) }, 'the store of secrets failed')
      return fallback
    }
  }
}

export function dismissed(question: SshQuestion): Failure<'prompt-dismissed'> {
  const about: Record<SshQuestion['kind'], string> = {
    'host-key': 'the host key',
    passphrase: 'the passphrase of a key',
    password: 'the password',
    'keyboard-interactive': 'the login',
    'sudo-password': 'the sudo password',
    'command-consent': 'a command of the SSH configuration',
  }
  return new Failure('prompt-dismissed', `The question about ${about[question.kind]} for ${question.host} was dismissed.`, { next: 'Connect again to be asked anew.' })
}
