import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

const tokenLifeMs = 60_000

/**
 * One-time tokens and the sessions that they are swapped for. Only digests are kept. Tokens are valid once and for 60 s, sessions until the process ends.
 */
export class Sessions {
  readonly #now: () => number
  readonly #tokens = new Map<string, number>()
  readonly #sessions = new Set<string>()

  constructor(now: () => number = Date.now) {
    this.#now = now
  }

  /** A fresh token of 256 bits, for the fragment of a URL. */
  createToken(): string {
    const token = randomBytes(32).toString('base64url')
    this.#tokens.set(digest(token), this.#now() + tokenLifeMs)
    return token
  }

  /** The secret of a new session, or null when the token is unknown, used or too old. */
  swap(token: string): string | null {
    const key = digest(token)
    const until = this.#tokens.get(key)
    this.#tokens.delete(key)
    if (until === undefined || this.#now() > until) return null
    const secret = randomBytes(32).toString('base64url')
    this.#sessions.add(digest(secret))
    return secret
  }

  isSession(secret: string): boolean {
    const given = Buffer.from(digest(secret))
    let isKnown = false
    for (const known of this.#sessions) if (timingSafeEqual(given, Buffer.from(known))) isKnown = true
    return isKnown
  }
}

function digest(secret: string): string {
  return createHash('sha256').update(secret).digest('hex')
}
