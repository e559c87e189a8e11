import { randomBytes } from 'node:crypto'
import { Failure } from '../base/failure.ts'
import type { SecretKey } from './ask.ts'
import type { Prompter } from './prompter.ts'
import type { Running } from './remote-process.ts'

/** A password to try, and what is to be done once sudo has judged it. */
export interface OfferedPassword {
  readonly value: string
  /** It was not called wrong: it is kept for this connection. */
  keep(): void
  /** It was right: kept, and remembered where that is wanted. */
  accept(): Promise<void>
  /** It was wrong. */
  reject(): Promise<void>
}

/** The sudo password of one connection: asked for once, kept in memory only as long as the connection, and never part of a command line. */
export class SudoPassword {
  readonly #who: { host: string; user: string; key: SecretKey }
  #known: string | null = null
  #isDeclined = false
  #attempt = 0

  constructor(who: { host: string; user: string; key: SecretKey }) {
    this.#who = who
  }

  /** True once a person has chosen to do without sudo on this connection. */
  get isDeclined(): boolean {
    return this.#isDeclined
  }

  /** The password, from memory, from the store or from a person; null where the person does without. Rejects with `prompt-dismissed`. */
  async get(prompter: Prompter): Promise<OfferedPassword | null> {
    if (this.#isDeclined) return null
    const kept = this.#known ?? (this.#attempt === 0 ? await prompter.lookup(this.#who.key) : null)
    let answer = kept === null ? null : { value: kept, remember: false }
    if (!answer) {
      const { host, user } = this.#who
      try {
        answer = await prompter.askSecret({ kind: 'sudo-password', host, user, attempt: ++this.#attempt })
      } catch (error) {
        if (error instanceof Failure && error.code === 'prompt-dismissed') this.#isDeclined = true
        throw error
      }
      if (!answer) this.#isDeclined = true
    }
    if (!answer) return null
    const { value, remember } = answer
    return {
      value,
      keep: () => void (this.#known = value),
      accept: async () => {
        this.#known = value
        if (remember) await prompter.remember(this.#who.key, value)
      },
      reject: async () => {
        this.#known = null
        if (kept !== null) await prompter.forget(this.#who.key)
        // From here on a person is asked, whatever the store holds.
        this.#attempt = Math.max(this.#attempt, 1)
      },
    }
  }
}

/** How sudo reacted to a command that was started with {@link sudoArguments}. */
export type SudoReaction = 'asks' | 'asks-again' | 'ended'

/** Watches a program's stderr for sudo's prompt, which is a random text, so that nothing else can be taken for it. */
export class SudoPrompt {
  readonly marker = `drover-${randomBytes(12).toString('hex')}:`
  #text = ''
  #seen = 0
  #wake: (() => void) | null = null
  #hasEnded = false

  /** The words to put before the command: password from stdin, and the prompt that can be recognised. */
  get arguments(): readonly string[] {
    return ['sudo', '-S', '-p', this.marker, '--']
  }

  watch(running: Running): void {
    running.stderr.on('data', (chunk: Buffer) => {
      this.#text = (this.#text + chunk.toString('utf8')).slice(-8192)
      this.#wake?.()
    })
    void running.exited.then(() => {
      this.#hasEnded = true
      this.#wake?.()
    })
  }

  /** What sudo and its command have said, without the prompts. */
  get complaint(): string {
    return this.#text.replaceAll(this.marker, '').trim()
  }

  /** Resolves when sudo asks (again), or the program has ended. */
  async reaction(): Promise<SudoReaction> {
    for (;;) {
      const count = this.#text.split(this.marker).length - 1
      if (count > this.#seen) {
        this.#seen = count
        return count === 1 ? 'asks' : 'asks-again'
      }
      if (this.#hasEnded) return 'ended'
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }
}
