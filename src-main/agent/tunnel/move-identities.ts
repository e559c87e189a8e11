import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import type { TlsIdentity } from '../protocol/move-spec.ts'
import { makeCertificate } from './certificate.ts'

/** Both ends' keys and certificates of one job's mutual TLS. They stay in memory. */
export interface MoveIdentities {
  readonly source: TlsIdentity
  readonly destination: TlsIdentity
  /** SHA-256 of the source's certificate, as Node prints it. */
  readonly sourceFingerprint: string
  /** The name in the destination's certificate. */
  readonly serverName: string
}

/** Host clocks differ, and a post-copy may take days to be recovered. */
const validBeforeMs = 24 * 3600 * 1000
const validForMs = 30 * 24 * 3600 * 1000

const makeKeys = () => generateKeyPairSync('ec', { namedCurve: 'P-256' })

/** A certificate authority for this job alone, and a leaf for each end (ECDSA P-256). The authority's key is dropped at once. */
export function makeMoveIdentities(job: string): MoveIdentities {
  const notBefore = new Date(Date.now() - validBeforeMs)
  const notAfter = new Date(Date.now() + validForMs)
  const issuer = `drover ${job.slice(0, 50)}`
  const authority = makeKeys()
  const ca = makeCertificate({ subject: issuer, issuer, publicKey: authority.publicKey, signingKey: authority.privateKey, notBefore, notAfter, role: 'authority' })
  const leaf = (subject: string, role: 'server' | 'client'): TlsIdentity => {
    const keys = makeKeys()
    const certificate = makeCertificate({ subject, issuer, publicKey: keys.publicKey, signingKey: authority.privateKey, notBefore, notAfter, role })
    return { ca, certificate, key: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string }
  }
  const serverName = 'destination.drover.invalid'
  const source = leaf('source.drover.invalid', 'client')
  return { source, destination: leaf(serverName, 'server'), sourceFingerprint: new X509Certificate(source.certificate).fingerprint256, serverName }
}
