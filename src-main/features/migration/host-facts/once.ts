/** Remembers what was asked by its key, so that many checks ask a host once. A failure is remembered as well: it would not get better within one preflight. */
export class Once {
  readonly #answers = new Map<string, Promise<unknown>>()

  ask<T>(key: string, ask: () => Promise<T>): Promise<T> {
    let answer = this.#answers.get(key)
    if (!answer) {
      answer = ask()
      // Whoever asks hears of it; nobody else needs to.
      answer.catch(() => {})
      this.#answers.set(key, answer)
    }
    return answer as Promise<T>
  }
}
