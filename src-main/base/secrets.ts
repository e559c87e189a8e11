/** Where passwords and passphrases are kept that the user asked to remember. */
export interface Secrets {
  /** The system's keyring; a file that anybody who gets it can read, which the user must be warned of; or nowhere. */
  readonly kind: 'system' | 'plain' | 'none'
  /** Null when there is none, or it cannot be read any more. */
  get(key: string): Promise<string | null>
  /** Rejects when it could not be kept. */
  set(key: string, secret: string): Promise<void>
  remove(key: string): Promise<void>
}

/** Keeps nothing: every password is asked every time. */
export const noSecrets: Secrets = { kind: 'none', get: async () => null, set: async () => {}, remove: async () => {} }
