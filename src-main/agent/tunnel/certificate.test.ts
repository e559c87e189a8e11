import { X509Certificate } from 'node:crypto'
import { expect, test } from 'vitest'
import { makeMoveIdentities } from './move-identities.ts'

test('leaves are signed by the job’s authority, name their end, and may not sign', () => {
  const { source, destination, serverName, sourceFingerprint } = makeMoveIdentities('job-00000001')
  const authority = new X509Certificate(source.ca)
  const client = new X509Certificate(source.certificate)
  const server = new X509Certificate(destination.certificate)
  expect(authority.ca).toBe(true)
  for (const leaf of [client, server]) {
    expect(leaf.ca).toBe(false)
    expect(leaf.checkIssued(authority)).toBe(true)
    expect(leaf.verify(authority.publicKey)).toBe(true)
    expect(new Date(leaf.validTo).getTime()).toBeGreaterThan(Date.now())
  }
  expect(server.checkHost(serverName)).toBe(serverName)
  expect(client.fingerprint256).toBe(sourceFingerprint)
  expect(client.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'])
})

test('no two jobs share a key, an authority or a serial', () => {
  const [a, b] = [makeMoveIdentities('job-00000001'), makeMoveIdentities('job-00000001')]
  expect(a.source.key).not.toBe(b.source.key)
  expect(new X509Certificate(a.source.certificate).verify(new X509Certificate(b.source.ca).publicKey)).toBe(false)
  expect(new X509Certificate(a.source.certificate).serialNumber).not.toBe(new X509Certificate(b.source.certificate).serialNumber)
})
