import ssh2, { type BaseAgent, type ParsedKey } from 'ssh2'
import { messageOf } from '../base/failure.ts'
import { fingerprintOf, keyTypeName } from './known-hosts.ts'
import { openPrivateKey, readKeyFile } from './private-key.ts'

/** A key that can be offered to a server. `publicKey` is null where it is only known once the key is opened. */
export interface Identity {
  /** For messages: `agent key ED25519 SHA256:… (comment)` or `key ~/.ssh/id_ed25519`. */
  readonly label: string
  readonly publicKey: ParsedKey | null
  /** Signs with the key; may ask for a passphrase. */
  sign(data: Buffer, hash: string | undefined): Promise<Buffer>
  /** Makes `publicKey` known where it is not. Resolves with null where the key is to be passed over. */
  open(): Promise<ParsedKey | null>
}

/** Thrown by `sign` where the person chose to go on without this key. */
export class SkippedIdentity extends Error {}

export interface IdentitySources {
  readonly agent: string | null
  readonly files: readonly string[]
  readonly identitiesOnly: boolean
  /** Opens an encrypted key: `tryPassphrase` until it yields a key. Null where the key is passed over. */
  unlock(key: { path: string; comment: string }, tryPassphrase: (passphrase: string) => ParsedKey | null): Promise<ParsedKey | null>
}

/**
 * The keys to offer, in OpenSSH's order (sshconnect2.c, pubkey_prepare): those of the agent that the configuration names too, the agent's
 * others unless IdentitiesOnly, then the files'. `remarks` says which sources could not be used.
 */
export async function collectIdentities(sources: IdentitySources): Promise<{ identities: Identity[]; remarks: string[] }> {
  const remarks: string[] = []
  const held = sources.agent === null ? null : agentOf(sources.agent)
  const inAgent = held === null ? [] : await keysOf(held).catch((error: unknown) => {
    remarks.push(`agent ${sources.agent}: ${messageOf(error)}`)
    return []
  })
  const files = await Promise.all(sources.files.map(async (path) => ({ path, file: await readKeyFile(path) })))
  const [named, rest]: [Identity[], Identity[]] = [[], []]
  const taken = new Set<ParsedKey>()
  for (const { path, file } of files) {
    if (file.kind === 'missing') continue
    if (file.kind === 'unusable') {
      remarks.push(`key ${path}: ${file.why}`)
      continue
    }
    const own = file.publicKey
    const twin = own && inAgent.find((key) => sameKey(key, own))
    if (twin && held) {
      if (!taken.has(twin)) named.push(agentIdentity(held, twin))
      taken.add(twin)
    } else if (file.kind === 'private') rest.push(fileIdentity(path, file, sources))
    else remarks.push(`key ${path}: only its public half is there, and the agent does not hold it`)
  }
  const others = sources.identitiesOnly || !held ? [] : inAgent.filter((key) => !taken.has(key)).map((key) => agentIdentity(held, key))
  return { identities: [...named, ...others, ...rest], remarks }
}

const sameKey = (one: ParsedKey, other: ParsedKey) => one.getPublicSSH().equals(other.getPublicSSH())

function agentOf(socket: string): BaseAgent {
  return ssh2.createAgent(socket) as BaseAgent
}

function keysOf(agent: BaseAgent): Promise<ParsedKey[]> {
  return new Promise((resolve, reject) => {
    agent.getIdentities((error, keys) => {
      if (error) reject(error)
      else resolve((keys ?? []) as ParsedKey[])
    })
  })
}

function agentIdentity(agent: BaseAgent, publicKey: ParsedKey): Identity {
  const blob = publicKey.getPublicSSH()
  return {
    label: `agent key ${keyTypeName(publicKey.type)} ${fingerprintOf(blob)}${publicKey.comment ? ` (${publicKey.comment})` : ''}`,
    publicKey,
    open: async () => publicKey,
    sign: (data, hash) =>
      new Promise((resolve, reject) => {
        const options = hash === 'sha256' || hash === 'sha512' ? { hash } : {}
        agent.sign(publicKey, data, options as { hash: 'sha256' }, (error, signature) => {
          if (error || !signature) reject(error ?? new Error('the agent did not sign'))
          else resolve(signature)
        })
      }),
  }
}

function fileIdentity(
  path: string,
  file: { text: string; isEncrypted: boolean; publicKey: ParsedKey | null; comment: string },
  sources: IdentitySources,
): Identity {
  let opened: Promise<ParsedKey | null> | null = null
  const tryPassphrase = (passphrase?: string) => {
    const result = openPrivateKey(file.text, passphrase)
    return result.kind === 'key' ? result.key : null
  }
  const open = () => (opened ??= file.isEncrypted ? sources.unlock({ path, comment: file.comment }, tryPassphrase) : Promise.resolve(tryPassphrase()))
  return {
    label: `key ${path}`,
    publicKey: file.publicKey,
    open,
    async sign(data, hash) {
      const key = await open()
      if (!key) throw new SkippedIdentity(`${path} was passed over`)
      const signature: Buffer | Error = key.sign(data, hash)
      if (signature instanceof Error) throw signature
      return signature
    },
  }
}

/**
 * One identity in the shape of an ssh2 agent. That is ssh2's only way of signing asynchronously, and it makes the server say first whether it
 * would take the key, so that nobody is asked for the passphrase of a key that is refused anyway.
 */
export class IdentityAgent extends ssh2.BaseAgent {
  readonly #identity: Identity
  readonly #onError: (error: unknown) => void

  constructor(identity: Identity, onError: (error: unknown) => void) {
    super()
    this.#identity = identity
    this.#onError = onError
  }

  override getIdentities(callback: (error: Error | undefined, keys?: ParsedKey[]) => void): void {
    const known = this.#identity.publicKey
    if (known) return callback(undefined, [known])
    this.#identity.open().then(
      (key) => callback(undefined, key ? [key] : []),
      (error: unknown) => {
        this.#onError(error)
        callback(undefined, [])
      },
    )
  }

  override sign(_key: unknown, data: Buffer, options: unknown, callback?: (error: Error | undefined, signature?: Buffer) => void): void {
    const done = (typeof options === 'function' ? options : callback) as (error: Error | undefined, signature?: Buffer) => void
    const hash = typeof options === 'object' && options !== null && 'hash' in options && typeof options.hash === 'string' ? options.hash : undefined
    this.#identity.sign(data, hash).then(
      (signature) => done(undefined, signature),
      (error: unknown) => {
        this.#onError(error)
        done(error instanceof Error ? error : new Error(String(error)))
      },
    )
  }
}
