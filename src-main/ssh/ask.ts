/**
 * What only a person can answer while a connection is being made. Flat data, so that it can cross to a window.
 * `host` is the name as the person wrote it (an alias, or an address); with jump hosts it is the hop that asks.
 */
export type SshQuestion =
  | HostKeyQuestion
  /** `attempt` counts from 1; above 1 the last passphrase was wrong. `comment` is empty where the key does not tell it before it is opened. */
  | { readonly kind: 'passphrase'; readonly host: string; readonly path: string; readonly comment: string; readonly attempt: number }
  | { readonly kind: 'password'; readonly host: string; readonly user: string; readonly prompt: string | null; readonly attempt: number }
  | {
      readonly kind: 'keyboard-interactive'
      readonly host: string
      readonly user: string
      readonly name: string
      readonly instructions: string
      readonly prompts: readonly { readonly text: string; readonly echo: boolean }[]
    }
  | { readonly kind: 'sudo-password'; readonly host: string; readonly user: string; readonly attempt: number }
  | CommandQuestion

/** A host key that no known_hosts file knows. */
export interface HostKeyQuestion {
  readonly kind: 'host-key'
  readonly host: string
  readonly port: number
  /** Such as `ED25519`. */
  readonly keyType: string
  /** `SHA256:…` as ssh-keygen -l prints it. */
  readonly fingerprint: string
  /** The names under which it would be remembered. */
  readonly names: readonly string[]
  /** Where else this very key is known, as `file:line`: the host under another name or address. */
  readonly alsoKnownAs: readonly string[]
  /** Keys of other types that are known for this host, as `file:line`. Not empty is suspicious: the host could have shown one of those. */
  readonly otherKeys: readonly string[]
  /** `file:line` of a @cert-authority for this host. Host certificates are not supported, so it could not vouch for the key. */
  readonly certAuthority: string | null
  /** The file that the key will be written to, or null where the configuration names none. */
  readonly knownHostsFile: string | null
}

/** A line of the SSH configuration that would run a program on this machine. */
export interface CommandQuestion {
  readonly kind: 'command-consent'
  readonly host: string
  readonly source: 'match-exec' | 'proxy-command'
  /** The line as it stands in the file; what consent is remembered for. */
  readonly line: string
  /** What would run for this host, with every token replaced. */
  readonly command: string
  readonly file: string
  readonly lineNumber: number
}

/**
 * `accept`: yes, and remember it (host key: write it down; command: do not ask again). `accept-once`: this time only. `refuse`: no.
 * `secret`: a passphrase or password, `remember` where it may be kept. `texts`: answers to the prompts, in order.
 * `skip`: not this way, try the next (another key, another method). `dismissed`: give up connecting.
 * An answer that does not fit its question counts as dismissed.
 */
export type SshAnswer =
  | { readonly kind: 'accept' }
  | { readonly kind: 'accept-once' }
  | { readonly kind: 'refuse' }
  | { readonly kind: 'secret'; readonly value: string; readonly remember: boolean }
  | { readonly kind: 'texts'; readonly values: readonly string[] }
  | { readonly kind: 'skip' }
  | { readonly kind: 'dismissed' }

/** Puts a question to a person. The signal aborts when the answer no longer matters (the host went away, the attempt was cancelled). */
export type Ask = (question: SshQuestion, signal: AbortSignal) => Promise<SshAnswer>

/** What a remembered secret belongs to: a stable text without a secret in it, such as `ssh-password:root@kvm1:22`. */
export type SecretKey = `ssh-passphrase:${string}` | `ssh-password:${string}` | `sudo-password:${string}`

/** Where secrets are kept, if at all. None of its methods is expected to fail; what is thrown is logged without the secret and ignored. */
export interface Secrets {
  lookup(key: SecretKey): Promise<string | null>
  /** Called once a secret that was to be remembered has proved right. */
  remember(key: SecretKey, secret: string): Promise<void>
  /** Called when a remembered secret has proved wrong. */
  forget(key: SecretKey): Promise<void>
}

/** True where this line was allowed before; false puts a `command-consent` question. */
export type Consent = (question: CommandQuestion) => boolean | Promise<boolean>
