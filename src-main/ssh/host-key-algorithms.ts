import type { ServerHostKeyAlgorithm } from 'ssh2'
import { Failure } from '../base/failure.ts'
import { matchesPatternList } from './pattern.ts'

/** What ssh2 can verify, in OpenSSH's order of preference. RSA with SHA-1 and DSA are only used where the configuration adds them. */
const offered: readonly ServerHostKeyAlgorithm[] = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'rsa-sha2-512',
  'rsa-sha2-256',
]
const supported: readonly ServerHostKeyAlgorithm[] = [...offered, 'ssh-rsa', 'ssh-dss']

const keyTypeOfAlgorithm = (algorithm: string) => (algorithm.startsWith('rsa-sha2-') ? 'ssh-rsa' : algorithm)

/**
 * The host key algorithms to offer: HostKeyAlgorithms of the configuration (a list, or +, - or ^ before one, ssh_config(5)), with those for which
 * a key is known moved to the front, so that a host with several keys shows one that can be recognised. Throws `ssh-algorithms`.
 */
export function hostKeyAlgorithms(configured: string | null, knownTypes: ReadonlySet<string>): ServerHostKeyAlgorithm[] {
  const operator = /^[+\-^]/.exec(configured ?? '')?.[0] ?? ''
  const patterns = (configured ?? '').slice(operator.length).split(',').filter(Boolean)
  const named = patterns.flatMap((pattern) => supported.filter((algorithm) => matchesPatternList(algorithm, [pattern])))
  const merged =
    configured === null
      ? offered
      : operator === '+'
        ? [...offered, ...named]
        : operator === '-'
          ? offered.filter((algorithm) => !named.includes(algorithm))
          : operator === '^'
            ? [...named, ...offered]
            : named
  const list = [...new Set(merged)]
  if (list.length === 0) {
    throw new Failure('ssh-algorithms', 'None of the configured host key algorithms is supported.', {
      evidence: `HostKeyAlgorithms ${configured}`,
      next: `Name one of ${offered.join(', ')}.`,
    })
  }
  // A list that stands on its own is the user's order, as in OpenSSH.
  if (configured !== null && (operator === '' || operator === '^')) return list
  const isKnown = (algorithm: string) => knownTypes.has(keyTypeOfAlgorithm(algorithm))
  return [...list.filter(isKnown), ...list.filter((algorithm) => !isKnown(algorithm))]
}
