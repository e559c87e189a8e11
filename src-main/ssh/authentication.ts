import type { AnyAuthMethod, ParsedKey, Prompt } from 'ssh2'
import { Failure } from '../base/failure.ts'
import type { SecretKey } from './ask.ts'
import type { AuthenticationMethod, HostConfig } from './host-config.ts'
import { collectIdentities, IdentityAgent, SkippedIdentity, type Identity } from './identity.ts'
import type { Prompter } from './prompter.ts'

/** How ssh2 is told the next attempt; false for none. */
type Next = (attempt: AnyAuthMethod | false) => void

/** A server may ask for several methods in a row; one that never has enough is not followed for ever. */
const maximumRounds = 8

/**
 * Logs in as OpenSSH does: `none` to hear what the server takes, then keys, keyboard-interactive and password as the configuration orders them,
 * over again after each partial success. One instance per connection.
 */
export class Authentication {
  readonly #config: HostConfig
  readonly #prompter: Prompter
  /** Ends the connection attempt at once, for what no other attempt can mend. */
  readonly #fail: (error: unknown) => void
  readonly #attempts: AsyncGenerator<AnyAuthMethod, void>
  readonly #tried: string[] = []
  #accepted: readonly string[] = []
  #isPartial = false
  #passwordAttempt = 0
  #identities: Identity[] | null = null
  /** Secrets to remember once the server has let us in. */
  #unproved: { key: SecretKey; secret: string } | null = null
  #isLookedUp = false

  constructor(config: HostConfig, prompter: Prompter, fail: (error: unknown) => void) {
    this.#config = config
    this.#prompter = prompter
    this.#fail = fail
    this.#attempts = this.#all()
  }

  /** To be told of every refusal of the server: what it would accept, and whether the attempt was right but is not enough. */
  refused(methods: readonly string[], isPartial: boolean): void {
    this.#accepted = methods
    this.#isPartial = isPartial
  }

  /** ssh2's authHandler. What it passes of the server's answer is not used: after a key of an agent it is out of date. */
  readonly handler = (_methods: unknown, _isPartial: unknown, next: Next): void => {
    this.#attempts.next().then(
      ({ done, value }) => {
        if (!this.#prompter.signal.aborted) next(done ? false : (value as AnyAuthMethod))
      },
      (error: unknown) => this.#fail(error),
    )
  }

  /** To be called once the server has let us in. */
  async succeeded(): Promise<void> {
    if (this.#unproved) await this.#prompter.remember(this.#unproved.key, this.#unproved.secret)
    this.#unproved = null
  }

  /** Why the login failed, with all that was tried. `remark` is what the server said, if anything. */
  refusal(remark: string | null): Failure<'ssh-auth-refused'> {
    const { user, original } = this.#config
    const takes = this.#accepted.length > 0 ? this.#accepted.join(', ') : 'nothing that it named'
    const isOutOfTries = /too many authentication failures/i.test(remark ?? '')
    const next = isOutOfTries
      ? 'The agent holds more keys than the server lets one try. Set IdentitiesOnly yes and IdentityFile for this host in ~/.ssh/config.'
      : this.#accepted.includes('publickey')
        ? `Add one of your public keys to ~${user}/.ssh/authorized_keys on the host (ssh-copy-id), or connect as another user.`
        : 'Connect as another user, or let the server accept another method.'
    return new Failure('ssh-auth-refused', `${original} did not let ${user} log in.`, {
      evidence: `tried ${this.#tried.join(', ') || 'nothing: no key, and no other method is allowed'}; the server accepts ${takes}${remark ? `; it said: ${remark}` : ''}`,
      next,
    })
  }

  async *#all(): AsyncGenerator<AnyAuthMethod, void> {
    yield { type: 'none', username: this.#config.user }
    for (let round = 0; round < maximumRounds; round++) {
      this.#isPartial = false
      for (const method of this.#config.methods) {
        if (!this.#accepted.includes(method)) continue
        yield* this.#by(method)
        if (this.#isPartial) break
      }
      if (!this.#isPartial) return
      this.#passwordAttempt = 0
    }
  }

  #by(method: AuthenticationMethod): AsyncGenerator<AnyAuthMethod, void> {
    if (method === 'publickey') return this.#byKeys()
    return method === 'password' ? this.#byPassword() : this.#byPrompts()
  }

  /** After a yield: true while this method may go on. */
  #mayGoOn(method: AuthenticationMethod): boolean {
    return !this.#isPartial && this.#accepted.includes(method)
  }

  async *#byKeys(): AsyncGenerator<AnyAuthMethod, void> {
    const { user: username } = this.#config
    const identities = (this.#identities ??= await this.#collect())
    for (let identity = identities.shift(); identity; identity = identities.shift()) {
      this.#tried.push(identity.label)
      const onError = (error: unknown) => {
        if (error instanceof SkippedIdentity) this.#tried.push('passed over')
        else if (error instanceof Failure || this.#prompter.signal.aborted) this.#fail(error)
        else this.#tried.push(error instanceof Error ? error.message : String(error))
      }
      yield { type: 'agent', username, agent: new IdentityAgent(identity, onError) }
      if (!this.#mayGoOn('publickey')) return
    }
  }

  async #collect(): Promise<Identity[]> {
    const { identityAgent: agent, identityFiles: files, identitiesOnly } = this.#config
    const { identities, remarks } = await collectIdentities({ agent, files, identitiesOnly, unlock: (key, attempt) => this.#unlock(key, attempt) })
    this.#tried.push(...remarks)
    return identities
  }

  async #unlock(key: { path: string; comment: string }, attempt: (passphrase: string) => ParsedKey | null): Promise<ParsedKey | null> {
    const secretKey: SecretKey = `ssh-passphrase:${key.path}`
    const kept = await this.#prompter.lookup(secretKey)
    if (kept !== null) {
      const opened = attempt(kept)
      if (opened) return opened
      await this.#prompter.forget(secretKey)
    }
    for (let count = 1; count <= this.#config.passwordPrompts; count++) {
      const answer = await this.#prompter.askSecret({ kind: 'passphrase', host: this.#config.original, ...key, attempt: count })
      if (!answer) return null
      const opened = attempt(answer.value)
      if (!opened) continue
      if (answer.remember) await this.#prompter.remember(secretKey, answer.value)
      return opened
    }
    return null
  }

  async *#byPassword(): AsyncGenerator<AnyAuthMethod, void> {
    while (this.#passwordAttempt < this.#config.passwordPrompts) {
      const password = await this.#password(null)
      if (password === null) return
      this.#tried.push('password')
      yield { type: 'password', username: this.#config.user, password }
      if (!this.#mayGoOn('password')) return
    }
  }

  async *#byPrompts(): AsyncGenerator<AnyAuthMethod, void> {
    while (this.#passwordAttempt < this.#config.passwordPrompts) {
      let wasAsked = false
      let isSkipped = false
      this.#tried.push('keyboard-interactive')
      yield {
        type: 'keyboard-interactive',
        username: this.#config.user,
        prompt: (name, instructions, _language, prompts, finish) => {
          wasAsked = true
          this.#answer(name, instructions, prompts).then(
            (answers) => {
              isSkipped = answers === null
              // No answer is an answer that fails, and the next method has its turn.
              if (!this.#prompter.signal.aborted) finish(answers ?? prompts.map(() => ''))
            },
            (error: unknown) => this.#fail(error),
          )
        },
      }
      if (!wasAsked || isSkipped || !this.#mayGoOn('keyboard-interactive')) return
    }
  }

  async #answer(name: string, instructions: string, prompts: readonly Prompt[]): Promise<string[] | null> {
    const [first] = prompts
    if (prompts.length === 1 && first && first.echo === false && /password/i.test(first.prompt) && !/new|current|code|one.?time/i.test(first.prompt)) {
      const password = await this.#password(first.prompt)
      return password === null ? null : [password]
    }
    this.#passwordAttempt++
    const question = {
      kind: 'keyboard-interactive',
      host: this.#config.original,
      user: this.#config.user,
      name,
      instructions,
      prompts: prompts.map(({ prompt, echo }) => ({ text: prompt, echo: echo === true })),
    } as const
    const answer = await this.#prompter.ask(question)
    if (answer.kind === 'texts' && answer.values.length === prompts.length) return [...answer.values]
    if (answer.kind === 'secret' && prompts.length === 1) return [answer.value]
    return null
  }

  /** The password, kept or asked for; null where the person goes on without. A kept one that has just failed is forgotten. */
  async #password(prompt: string | null): Promise<string | null> {
    const { user, hostname, port, original } = this.#config
    const key: SecretKey = `ssh-password:${user}@${hostname}:${port}`
    if (!this.#isLookedUp) {
      this.#isLookedUp = true
      const kept = await this.#prompter.lookup(key)
      if (kept !== null) {
        this.#unproved = { key, secret: kept }
        return kept
      }
    } else if (this.#unproved && this.#passwordAttempt === 0) await this.#prompter.forget(key)
    this.#unproved = null
    const answer = await this.#prompter.askSecret({ kind: 'password', host: original, user, prompt, attempt: ++this.#passwordAttempt })
    if (!answer) return null
    if (answer.remember) this.#unproved = { key, secret: answer.value }
    return answer.value
  }
}
