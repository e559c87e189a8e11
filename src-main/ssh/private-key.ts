import { createPrivateKey } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import ssh2, { type ParsedKey } from 'ssh2'

const { parseKey } = ssh2.utils

/** A key file, as far as it can be read without its passphrase. */
export type KeyFile =
  | { readonly kind: 'missing' }
  /** A key that this program cannot use, and why. */
  | { readonly kind: 'unusable'; readonly why: string }
  /** `publicKey` is null where an old-style encrypted key has no .pub file beside it. */
  | { readonly kind: 'private'; readonly path: string; readonly text: string; readonly isEncrypted: boolean; readonly publicKey: ParsedKey | null; readonly comment: string }
  /** Only the public half is there: the private one may be in the agent. */
  | { readonly kind: 'public'; readonly path: string; readonly publicKey: ParsedKey }

/** Reads a private key file (and `.pub` beside it); never asks for anything. */
export async function readKeyFile(path: string): Promise<KeyFile> {
  const [text, beside] = await Promise.all([readText(path), readText(path.endsWith('.pub') ? path : `${path}.pub`)])
  const besideKey = beside === null ? null : parse(beside)
  if (text instanceof Error) return { kind: 'unusable', why: text.message }
  if (text === null || !text.includes('PRIVATE KEY')) {
    const publicKey = (text === null ? null : parse(text)) ?? besideKey
    return publicKey ? { kind: 'public', path, publicKey } : text === null ? { kind: 'missing' } : { kind: 'unusable', why: 'not a key' }
  }
  const opened = openPrivateKey(text)
  if (opened.kind === 'key') return { kind: 'private', path, text, isEncrypted: false, publicKey: opened.key, comment: opened.key.comment ?? '' }
  if (opened.kind === 'unusable') return { kind: 'unusable', why: opened.why }
  // The key's own public half cannot be out of date, as a .pub file can.
  const publicKey = embeddedPublicKey(text) ?? besideKey
  return { kind: 'private', path, text, isEncrypted: true, publicKey, comment: besideKey?.comment ?? '' }
}

async function readText(path: string): Promise<string | null | Error> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => (error.code === 'ENOENT' || error.code === 'ENOTDIR' ? null : error))
}

function parse(text: string | Error): ParsedKey | null {
  if (text instanceof Error) return null
  const key = parseKey(text)
  return key instanceof Error ? null : single(key)
}

/** parseKey answers with a list for some formats, which its types do not say. */
function single(key: ParsedKey | ParsedKey[]): ParsedKey {
  return Array.isArray(key) ? key[0]! : key
}

export type OpenedKey =
  | { readonly kind: 'key'; readonly key: ParsedKey }
  | { readonly kind: 'locked' }
  | { readonly kind: 'unusable'; readonly why: string }

/** Opens a private key. `locked` where it is encrypted and the passphrase is missing or wrong. */
export function openPrivateKey(text: string, passphrase?: string): OpenedKey {
  const isEncrypted = /ENCRYPTED/.test(text) || isEncryptedOpenSsh(text)
  if (isEncrypted && passphrase === undefined) return { kind: 'locked' }
  const key = parseKey(/BEGIN (ENCRYPTED )?PRIVATE KEY/.test(text) ? (fromPkcs8(text, passphrase) ?? '') : text, passphrase)
  if (key instanceof Error) return isEncrypted ? { kind: 'locked' } : { kind: 'unusable', why: key.message }
  return { kind: 'key', key: single(key) }
}

/** PKCS#8 in the older form that ssh2 reads; null where it does not open, or holds a kind without such a form. */
function fromPkcs8(text: string, passphrase: string | undefined): string | null {
  try {
    const key = createPrivateKey({ key: text, ...(passphrase === undefined ? {} : { passphrase }) })
    if (key.asymmetricKeyType !== 'rsa' && key.asymmetricKeyType !== 'ec') return null
    return key.export({ format: 'pem', type: key.asymmetricKeyType === 'rsa' ? 'pkcs1' : 'sec1' }).toString()
  } catch {
    return null
  }
}

/** The fields before the encrypted part of an openssh-key-v1 file (OpenSSH, PROTOCOL.key). */
function openSshHeader(text: string): { cipher: string; publicKey: Buffer } | null {
  const encoded = /-----BEGIN OPENSSH PRIVATE KEY-----([\s\S]*?)-----END/.exec(text)?.[1]
  if (!encoded) return null
  const data = Buffer.from(encoded, 'base64')
  const magic = 'openssh-key-v1\0'
  if (data.toString('latin1', 0, magic.length) !== magic) return null
  let at = magic.length
  const field = (): Buffer => {
    const length = data.readUInt32BE(at)
    const value = data.subarray(at + 4, at + 4 + length)
    if (value.length !== length) throw new RangeError('truncated')
    at += 4 + length
    return value
  }
  try {
    const cipher = field().toString('latin1')
    field()
    field()
    at += 4
    return { cipher, publicKey: field() }
  } catch {
    return null
  }
}

const isEncryptedOpenSsh = (text: string) => (openSshHeader(text)?.cipher ?? 'none') !== 'none'

function embeddedPublicKey(text: string): ParsedKey | null {
  const blob = openSshHeader(text)?.publicKey
  if (!blob) return null
  const key = parseKey(blob)
  return key instanceof Error ? null : single(key)
}
