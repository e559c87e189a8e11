import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import type { TlsIdentity } from '../protocol/destination-route.ts'
import { makeCertificate } from './certificate.ts'

/** One agent's part in a job's mutual TLS. It stays in memory. */
export interface JobIdentity {
  readonly identity: TlsIdentity
  /** SHA-256 of the certificate, as Node prints it. */
  readonly fingerprint: string
  /** The name in the certificate. */
  readonly serverName: string
}

/** Both ends' keys and certificates of one job's mutual TLS. They stay in memory. */
export interface MoveIdentities {
  readonly source: TlsIdentity
  readonly destination: TlsIdentity
  readonly sourceFingerprint: string
  /** The name in the destination's certificate. */
  readonly serverName: string
}

/** Host clocks differ, and a post-copy may take days to be recovered. */
const validBeforeMs = 24 * 3600 * 1000
const validForMs = 30 * 24 * 3600 * 1000

const makeKeys = () => generateKeyPairSync('ec', { namedCurve: 'P-256' })

/**
 * A certificate authority for this job alone, and a leaf for each of its agents (ECDSA P-256), in the order asked for. The authority's key is dropped at once.
 * `parts`: what each agent is in the job (`source`, `depot-1` …), a DNS label each.
 */
export function makeJobIdentities(job: string, parts: readonly string[]): JobIdentity[] {
  const notBefore = new Date(Date.now() - validBeforeMs)
  const notAfter = new Date(Date.now() + validForMs)
  const issuer = `drover ${job.slice(0, 50)}`
  const authority = makeKeys()
  const ca = makeCertificate({ subject: issuer, issuer, publicKey: authority.publicKey, signingKey: authority.privateKey, notBefore, notAfter, role: 'authority' })
  return parts.map((part) => {
    const keys = makeKeys()
    const serverName = `${part}.drover.invalid`
    const certificate = makeCertificate({ subject: serverName, issuer, publicKey: keys.publicKey, signingKey: authority.privateKey, notBefore, notAfter, role: 'leaf' })
    const key = keys.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
    return { identity: { ca, certificate, key }, fingerprint: new X509Certificate(certificate).fingerprint256, serverName }
  })
}

/** As {@link makeJobIdentities}, for a job of two agents. */
export function makeMoveIdentities(job: string): MoveIdentities {
  const [source, destination] = makeJobIdentities(job, ['source', 'destination']) as [JobIdentity, JobIdentity]
  return { source: source.identity, destination: destination.identity, sourceFingerprint: source.fingerprint, serverName: destination.serverName }
}
