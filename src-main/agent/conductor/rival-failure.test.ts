import { expect, test } from 'vitest'
import { LibvirtError } from '../../libvirt/client/libvirt-error.ts'
import { callFailureOf } from './move-failure.ts'

const names = { source: 'one', destination: 'two' }

function said(procedure: string, code: number, message: string): LibvirtError {
  return new LibvirtError(procedure, { code, domain: 10, message } as LibvirtError['remote'])
}

// As libvirt 9.0 and 11.3 put it when another client moves the same VM.
test.each<[string, 'begin' | 'prepare', LibvirtError, string]>([
  ['begin waited until the VM had left', 'begin', said('domainMigrateBegin3Params', 42, "Domain not found: no domain with matching uuid '1' (web)"), 'vm-gone'],
  ['a transient VM has left', 'begin', said('domainMigrateBegin3Params', 55, 'Requested operation is not valid: domain is not running'), 'vm-gone'],
  ['begin waited for too long', 'begin', said('domainMigrateBegin3Params', 68, 'Timed out during operation: cannot acquire state change lock (held by monitor=remoteDispatchDomainMigratePerform3Params)'), 'vm-busy'],
  ['begin while the other copies', 'begin', said('domainMigrateBegin3Params', 55, "Requested operation is not valid: another migration job is already running for domain 'web'"), 'vm-busy'],
  ['both go to one destination', 'prepare', said('domainMigratePrepare3Params', 9, "operation failed: domain 'web' already exists with uuid 1"), 'vm-there'],
  ['the same, arrived', 'prepare', said('domainMigratePrepare3Params', 55, "Requested operation is not valid: domain 'web' is already active"), 'vm-there'],
])('%s: told as somebody else’s doing, with libvirt’s words as evidence', (_, step, thrown, code) => {
  const failure = callFailureOf(thrown, step, names)
  expect(failure).toMatchObject({ code, step, evidence: expect.stringContaining(thrown.text), libvirt: { code: thrown.number } })
  expect(failure.sentence).not.toContain(thrown.text)
  expect(failure.next).toEqual(expect.any(String))
})

test('what is nobody else’s doing stays libvirt’s own sentence', () => {
  const thrown = said('domainMigratePrepare3Params', 1, 'internal error: process exited while connecting to monitor')
  expect(callFailureOf(thrown, 'prepare', names)).toMatchObject({ code: 'libvirt', sentence: thrown.text, side: 'destination' })
})
