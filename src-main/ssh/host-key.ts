import { Failure, messageOf } from '../base/failure.ts'
import type { Log } from '../base/log.ts'
import type { Ask, HostKeyQuestion } from './ask.ts'
import type { HostConfig } from './host-config.ts'
import {
  appendKnownHost,
  coversHost,
  fingerprintOf,
  keyTypeName,
  keyTypeOf,
  knownName,
  placeOf,
  readKnownHosts,
  type KnownHostsEntry,
} from './known-hosts.ts'

/** What the known_hosts files say of a key that a host has shown. */
export type HostKeyVerdict =
  | { readonly kind: 'known' }
  | { readonly kind: 'revoked'; readonly entry: KnownHostsEntry }
  | { readonly kind: 'changed'; readonly entry: KnownHostsEntry }
  | { readonly kind: 'unknown'; readonly otherKeys: readonly KnownHostsEntry[]; readonly authority: KnownHostsEntry | null }

/** Judges a key by the entries, as OpenSSH does: revoked before known before changed; a key of a type that is not known is unknown. */
export function judgeHostKey(entries: readonly KnownHostsEntry[], name: string, key: Buffer): HostKeyVerdict {
  const ofHost = entries.filter((entry) => coversHost(entry.hosts, name))
  const revoked = ofHost.find((entry) => entry.marker === 'revoked' && entry.key.equals(key))
  if (revoked) return { kind: 'revoked', entry: revoked }
  const plain = ofHost.filter((entry) => entry.marker === null)
  if (plain.some((entry) => entry.key.equals(key))) return { kind: 'known' }
  const type = keyTypeOf(key)
  const changed = plain.find((entry) => entry.keyType === type)
  if (changed) return { kind: 'changed', entry: changed }
  return { kind: 'unknown', otherKeys: plain, authority: ofHost.find((entry) => entry.marker === 'cert-authority') ?? null }
}

/** The known hosts as one host's configuration has them, read once per connection. */
export class HostKeys {
  readonly #config: HostConfig
  readonly #entries: readonly KnownHostsEntry[]
  readonly name: string

  private constructor(config: HostConfig, entries: readonly KnownHostsEntry[]) {
    this.#config = config
    this.#entries = entries
    this.name = config.hostKeyAlias?.toLowerCase() ?? knownName(config.hostname, config.port)
  }

  static async read(config: HostConfig): Promise<HostKeys> {
    return new HostKeys(config, await readKnownHosts([...config.userKnownHostsFiles, ...config.globalKnownHostsFiles]))
  }

  judge(key: Buffer): HostKeyVerdict {
    const verdict = judgeHostKey(this.#entries, this.name, key)
    // Entries from before ports were written count for the same key; they are no ground for calling another one changed.
    if (verdict.kind === 'unknown' && this.name.startsWith('[') && !this.#config.hostKeyAlias) {
      const bare = judgeHostKey(this.#entries, this.#config.hostname.toLowerCase(), key)
      if (bare.kind === 'known' || bare.kind === 'revoked') return bare
    }
    return verdict
  }

  /** The types of the keys that are known for this host, so that it can be asked for one of those. */
  get knownTypes(): ReadonlySet<string> {
    const ofHost = this.#entries.filter((entry) => entry.marker === null && coversHost(entry.hosts, this.name))
    return new Set(ofHost.map((entry) => entry.keyType))
  }

  /**
   * Resolves where the key may be trusted, after asking where it is unknown. Rejects with `host-key-changed`, `host-key-revoked`,
   * `host-key-refused` or `prompt-dismissed`.
   */
  async verify(key: Buffer, ask: Ask, signal: AbortSignal, log: Log): Promise<void> {
    const verdict = this.judge(key)
    if (verdict.kind === 'known') return
    if (verdict.kind === 'revoked') throw this.#revoked(key, verdict.entry)
    if (verdict.kind === 'changed') throw this.#changed(key, verdict.entry)
    const question = this.#question(key, verdict)
    const { strictHostKeyChecking } = this.#config
    if (strictHostKeyChecking === 'yes') throw this.#refused(question, 'StrictHostKeyChecking is set to yes for it')
    // A host with known keys that shows one of another type is put to a person even where new hosts are accepted unseen.
    const isAcceptedUnseen = (strictHostKeyChecking === 'accept-new' || strictHostKeyChecking === 'no') && verdict.otherKeys.length === 0
    const answer = isAcceptedUnseen ? ({ kind: 'accept' } as const) : await ask(question, signal)
    signal.throwIfAborted()
    if (answer.kind === 'accept') await this.#remember(question, key, log)
    else if (answer.kind === 'refuse') throw this.#refused(question, 'it was refused')
    else if (answer.kind !== 'accept-once') throw new Failure('prompt-dismissed', `The question about the host key of ${this.#config.original} was dismissed.`)
  }

  #question(key: Buffer, verdict: Extract<HostKeyVerdict, { kind: 'unknown' }>): HostKeyQuestion {
    const elsewhere = this.#entries.filter((entry) => entry.marker === null && entry.key.equals(key))
    return {
      kind: 'host-key',
      host: this.#config.original,
      port: this.#config.port,
      keyType: keyTypeName(keyTypeOf(key)),
      fingerprint: fingerprintOf(key),
      names: [this.name],
      alsoKnownAs: elsewhere.map(placeOf),
      otherKeys: verdict.otherKeys.map(placeOf),
      certAuthority: verdict.authority && placeOf(verdict.authority),
      knownHostsFile: this.#config.userKnownHostsFiles[0] ?? null,
    }
  }

  async #remember(question: HostKeyQuestion, key: Buffer, log: Log): Promise<void> {
    if (question.knownHostsFile === null) return
    try {
      await appendKnownHost(question.knownHostsFile, question.names, key, this.#config.hashKnownHosts)
    } catch (error) {
      log.warn({ file: question.knownHostsFile, why: messageOf(error) }, 'the host key could not be written down')
    }
  }

  #changed(key: Buffer, entry: KnownHostsEntry): Failure<'host-key-changed'> {
    const { original } = this.#config
    return new Failure('host-key-changed', `The host key of ${original} is not the one that is known. Someone may be listening in, or the host was set up anew.`, {
      evidence: `${keyTypeName(entry.keyType)} known ${fingerprintOf(entry.key)} at ${placeOf(entry)}, shown ${fingerprintOf(key)}`,
      next:
        `Compare the fingerprint with the host’s own (ssh-keygen -lf /etc/ssh/ssh_host_*_key.pub there). If it is right, remove the old key ` +
        `with: ssh-keygen -R '${this.name}' -f '${entry.file}' (line ${entry.lineNumber}), and connect again.`,
    })
  }

  #revoked(key: Buffer, entry: KnownHostsEntry): Failure<'host-key-revoked'> {
    return new Failure('host-key-revoked', `The host key of ${this.#config.original} is marked as revoked.`, {
      evidence: `${keyTypeName(entry.keyType)} ${fingerprintOf(key)} at ${placeOf(entry)}`,
      next: 'Give the host a new key. Connect only when the key that it shows is no longer the revoked one.',
    })
  }

  #refused(question: HostKeyQuestion, why: string): Failure<'host-key-refused'> {
    return new Failure('host-key-refused', `The host key of ${question.host} is unknown, and ${why}.`, {
      evidence: `${question.keyType} ${question.fingerprint}${question.certAuthority ? `; a certificate authority is named at ${question.certAuthority}, which Drover does not support` : ''}`,
      next: 'Compare the fingerprint with the host’s own, then connect again and accept it, or add the key to a known_hosts file.',
    })
  }
}
