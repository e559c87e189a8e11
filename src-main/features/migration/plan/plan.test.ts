import fc from 'fast-check'
import { expect, test } from 'vitest'
import { moveOptions, type MoveOptions } from '../../../contract/migration.ts'
import { checkOptions } from './compatible-options.ts'
import { uriOf } from './migrate-uri.ts'
import { planFlags } from './plan-flags.ts'
import { riskOf } from './risk.ts'
import { connectUri, virshOf, type VirshParts } from './virsh.ts'

function parts(options: Partial<MoveOptions>, more: Partial<VirshParts> = {}): VirshParts {
  return {
    plan: { vm: { host: 'a', uuid: 'u' }, destination: 'b', options: moveOptions.parse({ technique: 'precopy', ...options }) },
    vmName: 'web',
    isPersistent: true,
    source: 'ssh://root@alpha:2222',
    destination: 'ssh://root@beta',
    hostname: 'beta',
    route: { address: '10.0.0.2', origin: '', probe: 'refused', via: null, mbps: null },
    listenAddress: '10.0.0.2',
    copied: ['vda', 'vdb'],
    volumes: [],
    ...more,
  }
}

test('a plain move as virsh would do it', () => {
  expect(virshOf(parts({}))).toBe(
    'virsh -c qemu+ssh://root@alpha:2222/system migrate --live --persistent --undefinesource --listen-address 10.0.0.2 --change-protection --verbose web qemu+ssh://root@beta/system tcp://10.0.0.2',
  )
})

test('every option has its words', () => {
  const line = virshOf(parts({ technique: 'hybrid', hybridSwitch: { when: 'time', seconds: 20 }, storage: 'full', disks: ['vda', 'vdb'], autoConverge: true, compression: 'xbzrle', bandwidthMiBps: 100, downtimeMs: 500, tls: true, keepSource: true }))
  expect(line.split('\n')).toEqual([
    'virsh -c qemu+ssh://root@alpha:2222/system migrate-setmaxdowntime web 500',
    expect.stringContaining('--postcopy --persistent --timeout 20 --timeout-postcopy --copy-storage-all --migrate-disks vda,vdb --auto-converge --compressed --comp-methods xbzrle --bandwidth 100 --postcopy-bandwidth 100 --tls --tls-destination beta'),
  ])
  expect(line).not.toContain('--undefinesource')
})

test('disks of a VM that is off are copied by volume before', () => {
  const line = virshOf(parts({ technique: 'offline', storage: 'full' }, { volumes: [{ pool: 'default', name: 'web.qcow2', format: 'qcow2', capacity: 1024 }] }))
  expect(line.split('\n').map((each) => each.replaceAll(/ -c \S+/g, ''))).toEqual([
    'virsh vol-create-as --pool default --name web.qcow2 --capacity 1024B --format qcow2',
    'virsh vol-download --pool default web.qcow2 /dev/stdout | virsh vol-upload --pool default web.qcow2 /dev/stdin',
    'virsh migrate --offline --persistent --undefinesource --change-protection --verbose web qemu+ssh://root@beta/system tcp://10.0.0.2',
  ])
})

test('whatever a VM is called, it stays one word', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1 }).filter((name) => !name.includes('\0')), (vmName) => {
      const quoted = virshOf(parts({}, { vmName })).split('--verbose ')[1]?.split(' qemu+ssh')[0] ?? ''
      expect(/^(?:[A-Za-z0-9_/.:@%+,-]+|'(?:[^']|'\\'')*')$/.test(quoted)).toBe(true)
    }),
  )
})

test('addresses become URIs', () => {
  expect([uriOf('10.0.0.2'), uriOf('fd00::2'), uriOf('beta:49300')]).toEqual(['tcp://10.0.0.2', 'tcp://[fd00::2]', 'tcp://beta:49300'])
  expect([connectUri('unix://'), connectUri('ssh://u@[fd00::1]:22')]).toEqual(['qemu:///system', 'qemu+ssh://u@[fd00::1]:22/system'])
})

test('a persistent VM stays persistent, a transient one transient, whatever else is asked', () => {
  const persistDest = 8
  const undefineSource = 16
  expect(planFlags(moveOptions.parse({ technique: 'precopy' }), { isPersistent: true }) & (persistDest | undefineSource)).toBe(persistDest | undefineSource)
  expect(planFlags(moveOptions.parse({ technique: 'precopy', keepSource: true }), { isPersistent: true }) & (persistDest | undefineSource)).toBe(persistDest)
  expect(planFlags(moveOptions.parse({ technique: 'precopy' }), { isPersistent: false })).toBe(0)
  expect(planFlags(moveOptions.parse({ technique: 'offline', storage: 'full', tls: true, autoConverge: true }), { isPersistent: true })).toBe(persistDest | undefineSource)
})

test('options that exclude each other, or that a host is too old for, block with a way out', () => {
  const old = { name: 'alpha', libvirt: '9.0.0', qemu: '7.2.0' }
  const codes = (options: Partial<MoveOptions>, host = old) => checkOptions(moveOptions.parse({ technique: 'precopy', ...options }), [host]).map(({ code, fix }) => [code, fix?.kind])
  expect(codes({})).toEqual([])
  expect(codes({ compression: 'zstd' })).toEqual([['option-too-new', 'option']])
  expect(codes({ compression: 'xbzrle', parallelConnections: 4 })).toEqual([['options-clash', 'option']])
  expect(codes({ technique: 'postcopy', parallelConnections: 4 })).toEqual([['options-clash', 'option']])
  expect(codes({ compression: 'zstd' }, { name: 'new', libvirt: '11.3.0', qemu: '10.0.2' })).toEqual([])
})

test('the risk names who drives, and what a switch adds', () => {
  const names = { vm: 'web', source: 'alpha', destination: 'beta' }
  expect(riskOf({ technique: 'precopy', storage: 'none' }, 'agent', names)).toBe('alpha drives the move itself: it goes on when this computer sleeps or loses its connection. If it fails, web goes on running on alpha.')
  expect(riskOf({ technique: 'postcopy', storage: 'none' }, 'app', names)).toContain('it is lost')
})
