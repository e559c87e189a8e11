/**
 * An error that a person will read: a stable code, one sentence, what was seen, and what to do next.
 * Rooms below `features` throw these with codes of their own; `features` translates them to the contract's problems once.
 */
export class Failure<Code extends string = string> extends Error {
  readonly code: Code
  /** What was observed, verbatim where it helps (a libvirt message, an exit status). Never a secret. */
  readonly evidence: string | undefined
  /** What the reader can do now. */
  readonly next: string | undefined

  constructor(code: Code, sentence: string, about: { evidence?: string; next?: string; cause?: unknown } = {}) {
    super(sentence, about.cause === undefined ? undefined : { cause: about.cause })
    this.name = 'Failure'
    this.code = code
    this.evidence = about.evidence
    this.next = about.next
  }
}

/** The message of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}
