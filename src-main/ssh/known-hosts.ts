import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { appendFile, mkdir, open, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { matchesPatternList } from './pattern.ts'

/** One line of a known_hosts file (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT). */
export interface KnownHostsEntry {
  readonly file: string
  readonly lineNumber: number
  readonly marker: 'revoked' | 'cert-authority' | null
  /** Patterns separated by commas, or one hashed name. */
  readonly hosts: string
  readonly keyType: string
  readonly key: Buffer
}

/** Reads a known_hosts file's text. Lines that make no sense, and keys of protocol 1, are passed over, as OpenSSH does. */
export function parseKnownHosts(text: string, file: string): KnownHostsEntry[] {
  const entries: KnownHostsEntry[] = []
  for (const [index, line] of text.split('\n').entries()) {
    const match = /^[ \t]*(?:@(\S+)[ \t]+)?([^\s#@][^\s]*)[ \t]+([a-z][\w@.-]*)[ \t]+([A-Za-z0-9+/]+={0,2})(?:\s|$)/.exec(line)
    if (!match) continue
    const [, marker = null, hosts = '', keyType = '', encoded = ''] = match
    if (marker !== null && marker !== 'revoked' && marker !== 'cert-authority') continue
    const key = Buffer.from(encoded, 'base64')
    if (keyTypeOf(key) !== keyType) continue
    entries.push({ file, lineNumber: index + 1, marker, hosts, keyType, key })
  }
  return entries
}

/** Reads several known_hosts files; those that are not there are empty. */
export async function readKnownHosts(files: readonly string[]): Promise<KnownHostsEntry[]> {
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8').catch(() => '')))
  return texts.flatMap((text, index) => parseKnownHosts(text, files[index]!))
}

/** The name under which a host is known: an alias as it is, else `host`, or `[host]:port` off the usual port; in lower case. */
export function knownName(host: string, port: number): string {
  const name = host.toLowerCase()
  return port === 22 ? name : `[${name}]:${port}`
}

/** True where a line's host field covers a name. */
export function coversHost(hosts: string, name: string): boolean {
  if (!hosts.startsWith('|1|')) return matchesPatternList(name, hosts.toLowerCase().split(','))
  const [salt, hash] = hosts.slice(3).split('|')
  if (!salt || !hash) return false
  const expected = Buffer.from(hash, 'base64')
  const actual = createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest()
  return expected.length === actual.length && timingSafeEqual(expected, actual)
}

/** A name hidden as OpenSSH's HashKnownHosts does: HMAC-SHA1 under a random salt. */
export function hashName(name: string): string {
  const salt = randomBytes(20)
  return `|1|${salt.toString('base64')}|${createHmac('sha1', salt).update(name).digest('base64')}`
}

/** The type in a public key's wire form, such as `ssh-ed25519`; empty where there is none. */
export function keyTypeOf(key: Buffer): string {
  if (key.length < 4) return ''
  const length = key.readUInt32BE(0)
  return length > 64 || key.length < 4 + length ? '' : key.toString('latin1', 4, 4 + length)
}

/** The fingerprint as `ssh-keygen -l` prints it. */
export function fingerprintOf(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`
}

/** The type in the words of ssh-keygen: ED25519, ECDSA, RSA. */
export function keyTypeName(type: string): string {
  return type.startsWith('ecdsa') ? 'ECDSA' : type.replace(/^ssh-/, '').toUpperCase()
}

export const placeOf = (entry: KnownHostsEntry): string => `${entry.file}:${entry.lineNumber}`

/** Adds keys to a known_hosts file, which is made with its folder where it is missing (0600 in 0700). Rejects with the system's error. */
export async function appendKnownHost(file: string, names: readonly string[], key: Buffer, isHashed: boolean): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  const keyText = `${keyTypeOf(key)} ${key.toString('base64')}\n`
  const lines = isHashed ? names.map((name) => `${hashName(name)} ${keyText}`).join('') : `${names.join(',')} ${keyText}`
  // A last line without a line feed would swallow the new one.
  const isOpenEnded = await endsInsideLine(file)
  await appendFile(file, (isOpenEnded ? '\n' : '') + lines, { mode: 0o600 })
}

async function endsInsideLine(file: string): Promise<boolean> {
  const handle = await open(file, 'r').catch(() => null)
  if (!handle) return false
  try {
    const { size } = await handle.stat()
    if (size === 0) return false
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(1), 0, 1, size - 1)
    return bytesRead === 1 && buffer[0] !== 10
  } finally {
    await handle.close()
  }
}
