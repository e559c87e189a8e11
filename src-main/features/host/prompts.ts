import { randomUUID } from 'node:crypto'
import type { Prompt, PromptAnswer } from '../../contract/host.ts'
import { Emitter } from '../../base/event.ts'
import { Failure } from '../../base/failure.ts'

type WithoutId<T> = T extends unknown ? Omit<T, 'id'> : never
/** A prompt before it has an id. */
export type Question = WithoutId<Prompt>

interface Pending {
  readonly prompt: Prompt
  readonly settle: (answer: PromptAnswer) => void
}

/** Questions that connections wait for, at most one shown per host; further ones wait their turn. */
export class Prompts {
  readonly #pending = new Map<string, Pending[]>()
  readonly #onDidChange = new Emitter<string>()

  /** Fires with the host's id when its current question changes. */
  readonly onDidChange = this.#onDidChange.event

  current(host: string): Prompt | null {
    return this.#pending.get(host)?.[0]?.prompt ?? null
  }

  /** Resolves with the user's answer; rejects with the signal's reason when nobody needs it any more. */
  ask(host: string, question: Question, signal: AbortSignal): Promise<PromptAnswer> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason)
      const remove = () => {
        signal.removeEventListener('abort', onAbort)
        const queue = this.#pending.get(host)?.filter((other) => other !== pending) ?? []
        if (queue.length > 0) this.#pending.set(host, queue)
        else this.#pending.delete(host)
        this.#onDidChange.fire(host)
      }
      const onAbort = () => {
        remove()
        reject(signal.reason)
      }
      const pending: Pending = {
        prompt: { ...question, id: randomUUID() } as Prompt,
        settle: (answer) => {
          remove()
          resolve(answer)
        },
      }
      signal.addEventListener('abort', onAbort)
      this.#pending.set(host, [...(this.#pending.get(host) ?? []), pending])
      this.#onDidChange.fire(host)
    })
  }

  /** Throws `prompt-gone` when the question was answered or withdrawn meanwhile. */
  answer(host: string, id: string, answer: PromptAnswer): void {
    const pending = this.#pending.get(host)?.find(({ prompt }) => prompt.id === id)
    if (!pending) throw new Failure('prompt-gone', 'This question is no longer open: it was answered elsewhere, or the connection was given up.')
    pending.settle(answer)
  }
}
