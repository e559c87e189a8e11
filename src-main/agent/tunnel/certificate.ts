import { randomBytes, sign, type KeyObject } from 'node:crypto'

// Just enough of X.509 v3 (RFC 5280) in DER (X.690) for a job's authority and its two leaves; node:crypto signs, and OpenSSL checks them at both ends.

function der(tag: number, ...parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts)
  if (body.length < 0x80) return Buffer.concat([Buffer.from([tag, body.length]), body])
  const length = Buffer.from(body.length.toString(16).padStart(body.length > 0xffff ? 6 : body.length > 0xff ? 4 : 2, '0'), 'hex')
  return Buffer.concat([Buffer.from([tag, 0x80 | length.length]), length, body])
}

const sequence = (...parts: Buffer[]) => der(0x30, ...parts)
const octets = (body: Buffer) => der(0x04, body)
const bits = (body: Buffer, unused = 0) => der(0x03, Buffer.from([unused]), body)
const yes = der(0x01, Buffer.from([0xff]))

/** Arcs of at most 28 bits, the first two folded into one. */
function oid(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number)
  const bytes = [first * 40 + second, ...rest].flatMap((arc) => {
    const groups = [arc & 0x7f]
    for (let left = arc >>> 7; left > 0; left >>>= 7) groups.unshift(0x80 | (left & 0x7f))
    return groups
  })
  return der(0x06, Buffer.from(bytes))
}

function time(date: Date): Buffer {
  const digits = date.toISOString().replace(/[-:T]|\.\d+/g, '')
  return date.getUTCFullYear() < 2050 ? der(0x17, Buffer.from(digits.slice(2))) : der(0x18, Buffer.from(digits))
}

const commonName = (text: string) => sequence(der(0x31, sequence(oid('2.5.4.3'), der(0x0c, Buffer.from(text)))))
const extension = (id: string, isCritical: boolean, body: Buffer) => sequence(oid(id), ...(isCritical ? [yes] : []), octets(body))
const ecdsaWithSha256 = sequence(oid('1.2.840.10045.4.3.2'))
const extendedUsages = { server: '1.3.6.1.5.5.7.3.1', client: '1.3.6.1.5.5.7.3.2' } as const

/** The PEM block of a DER text. */
export function pem(label: string, body: Buffer): string {
  return `-----BEGIN ${label}-----\n${body.toString('base64').replace(/(.{64})(?!$)/g, '$1\n')}\n-----END ${label}-----\n`
}

/** An ECDSA P-256 certificate in PEM. An `authority` may sign leaves and nothing else; a leaf bears its subject as DNS name as well. */
export function makeCertificate(about: {
  readonly subject: string
  readonly issuer: string
  readonly publicKey: KeyObject
  readonly signingKey: KeyObject
  readonly notBefore: Date
  readonly notAfter: Date
  readonly role: 'authority' | 'leaf'
}): string {
  const isAuthority = about.role === 'authority'
  const extensions = [
    extension('2.5.29.19', true, isAuthority ? sequence(yes, der(0x02, Buffer.from([0]))) : sequence()),
    // keyCertSign is bit 5, digitalSignature bit 0.
    extension('2.5.29.15', true, isAuthority ? bits(Buffer.from([0x04]), 2) : bits(Buffer.from([0x80]), 7)),
  ]
  if (!isAuthority) {
    // An agent listens to some of a job's agents and dials others.
    extensions.push(extension('2.5.29.37', false, sequence(oid(extendedUsages.server), oid(extendedUsages.client))))
    extensions.push(extension('2.5.29.17', false, sequence(der(0x82, Buffer.from(about.subject)))))
  }
  // Positive, and never with a needless leading zero.
  const serial = randomBytes(16)
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, serial),
    ecdsaWithSha256,
    commonName(about.issuer),
    sequence(time(about.notBefore), time(about.notAfter)),
    commonName(about.subject),
    about.publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...extensions)),
  )
  return pem('CERTIFICATE', sequence(body, ecdsaWithSha256, bits(sign('sha256', body, about.signingKey))))
}
