import { execFileSync } from 'node:child_process'
import { readFileSync, statSync, writeFileSync, existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { SshAnswer } from './ask.ts'
import { hostKeyAlgorithms } from './host-key-algorithms.ts'
import { coversHost, fingerprintOf, hashName, knownName, parseKnownHosts } from './known-hosts.ts'
import { answering, quiet, SshFixture } from './sshd-fixture.ts'
import { SshTransport } from './ssh-transport.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const fixture = new SshFixture()
let [hostKey, ecdsaKey, otherKey, userKey] = ['', '', '', '']
let server: Awaited<ReturnType<SshFixture['sshd']>>
let both: typeof server

beforeAll(async () => {
  hostKey = fixture.key('host')
  ecdsaKey = fixture.key('host-ecdsa', { type: 'ecdsa' })
  otherKey = fixture.key('other')
  userKey = fixture.key('user')
  server = await fixture.sshd({ hostKeys: [hostKey], authorized: [userKey] })
  both = await fixture.sshd({ hostKeys: [hostKey, ecdsaKey], authorized: [userKey] })
})
afterAll(() => fixture.dispose())
beforeEach(() => {
  rmSync(fixture.knownHosts, { force: true })
  configure('')
})

const configure = (text: string) =>
  fixture.config(`Host *\n IdentityFile ${userKey}\n UserKnownHostsFile ${fixture.knownHosts}\n GlobalKnownHostsFile none\n${text}`)

async function connect(answer?: SshAnswer, to = server) {
  const questions = answering(answer ? { 'host-key': answer } : {})
  const failure = await SshTransport.open({ address: to.address, sources: fixture.sources, ask: questions.ask, log: quiet }).then(
    (transport) => {
      transport.close()
      return null
    },
    (error: unknown) => error,
  )
  return { failure, asked: questions.asked }
}

const know = (...lines: string[]) => writeFileSync(fixture.knownHosts, lines.join('\n'))
const line = (name: string, key: string, marker = '') => `${marker}${name} ${fixture.publicKey(key)}`
const name = () => `[127.0.0.1]:${server.port}`
const sha256 = (key: string) => execFileSync('ssh-keygen', ['-lf', `${key}.pub`], { encoding: 'utf8' }).split(' ')[1]

describe('an unknown key', () => {
  test('is asked about once when accepted, and OpenSSH finds it too', async () => {
    const first = await connect({ kind: 'accept' })
    expect(first.failure).toBeNull()
    expect(first.asked).toEqual([
      {
        kind: 'host-key',
        host: '127.0.0.1',
        port: server.port,
        keyType: 'ED25519',
        fingerprint: sha256(hostKey),
        names: [name()],
        alsoKnownAs: [],
        otherKeys: [],
        certAuthority: null,
        knownHostsFile: fixture.knownHosts,
      },
    ])
    expect((await connect()).asked).toEqual([])
    expect(execFileSync('ssh-keygen', ['-F', name(), '-f', fixture.knownHosts], { encoding: 'utf8' })).toContain(fixture.publicKey(hostKey).split(' ')[1])
    expect(statSync(fixture.knownHosts).mode & 0o777).toBe(0o600)
  })

  test('is written hashed with HashKnownHosts, after a line without an end', async () => {
    configure(' HashKnownHosts yes\n')
    know(line('elsewhere', otherKey))
    await connect({ kind: 'accept' })
    const text = readFileSync(fixture.knownHosts, 'utf8')
    expect(text.split('\n')).toHaveLength(3)
    expect(text).not.toContain(String(server.port))
    expect(execFileSync('ssh-keygen', ['-F', name(), '-f', fixture.knownHosts], { encoding: 'utf8' })).toContain('|1|')
    expect((await connect()).failure).toBeNull()
  })

  test('accepted once is not written, refused or dismissed ends the attempt', async () => {
    expect((await connect({ kind: 'accept-once' })).failure).toBeNull()
    expect(existsSync(fixture.knownHosts)).toBe(false)
    expect((await connect({ kind: 'refuse' })).failure).toMatchObject({ code: 'host-key-refused' })
    expect((await connect({ kind: 'dismissed' })).failure).toMatchObject({ code: 'prompt-dismissed' })
    expect((await connect({ kind: 'secret', value: 'x', remember: false })).failure).toMatchObject({ code: 'prompt-dismissed' })
  })

  test('is judged by StrictHostKeyChecking', async () => {
    configure(' StrictHostKeyChecking yes\n')
    expect(await connect()).toMatchObject({ asked: [], failure: { code: 'host-key-refused', evidence: expect.stringContaining(sha256(hostKey)!) } })
    configure(' StrictHostKeyChecking accept-new\n')
    expect(await connect()).toEqual({ asked: [], failure: null })
    expect(readFileSync(fixture.knownHosts, 'utf8')).toContain(name())
  })

  test('tells where else the key is known, what other keys there are, and of an authority', async () => {
    know(line('elsewhere', hostKey), line(name(), ecdsaKey), line('*', otherKey, '@cert-authority '))
    const { asked } = await connect({ kind: 'refuse' })
    const at = (n: number) => `${fixture.knownHosts}:${n}`
    expect(asked).toMatchObject([{ alsoKnownAs: [at(1)], otherKeys: [at(2)], certAuthority: at(3) }])
  })

  test('beside known keys of another type is asked about even where new hosts are accepted', async () => {
    configure(' StrictHostKeyChecking no\n')
    know(line(name(), ecdsaKey))
    expect((await connect({ kind: 'refuse' })).failure).toMatchObject({ code: 'host-key-refused' })
  })
})

describe('a known key', () => {
  test.each([
    ['hashed by ssh-keygen', () => execFileSync('ssh-keygen', ['-H', '-f', fixture.knownHosts], { stdio: 'ignore' }), () => name()],
    ['among others on one line', () => {}, () => `a,b,${name()},c`],
    ['by wildcards', () => {}, () => `[127.0.*.?]:*`],
    ['without its port', () => {}, () => '127.0.0.1'],
  ])('is found %s', async (_, change, written) => {
    know(line(written(), hostKey), '')
    change()
    expect(await connect()).toEqual({ asked: [], failure: null })
  })

  test('is not found where a pattern denies it', async () => {
    know(line(`*,!${name()},!127.0.0.1`, hostKey))
    expect((await connect({ kind: 'refuse' })).asked).toHaveLength(1)
  })

  test('is looked for under HostKeyAlias', async () => {
    configure(' HostKeyAlias Cluster-1\n')
    know(line('cluster-1', hostKey))
    expect(await connect()).toEqual({ asked: [], failure: null })
  })

  test('is what the server is asked for, where it has several', async () => {
    know(line(`[127.0.0.1]:${both.port}`, ecdsaKey))
    expect(await connect(undefined, both)).toEqual({ asked: [], failure: null })
  })
})

test.each(['', ' StrictHostKeyChecking no\n', ' StrictHostKeyChecking accept-new\n'])('a changed key is refused and explained (%j)', async (setting) => {
  configure(setting)
  know('# comment', line(name(), otherKey))
  const { failure, asked } = await connect({ kind: 'accept' })
  expect(asked).toEqual([])
  expect(failure).toMatchObject({
    code: 'host-key-changed',
    evidence: `ED25519 known ${sha256(otherKey)} at ${fixture.knownHosts}:2, shown ${sha256(hostKey)}`,
    next: expect.stringContaining(`ssh-keygen -R '${name()}' -f '${fixture.knownHosts}'`),
  })
})

test('a revoked key is refused, whatever else is written', async () => {
  know(line(name(), hostKey), line('*', hostKey, '@revoked '))
  expect(await connect({ kind: 'accept' })).toMatchObject({ asked: [], failure: { code: 'host-key-revoked' } })
})

test('only a server without any key in common fails over algorithms', async () => {
  configure(' HostKeyAlgorithms ecdsa-sha2-nistp256\n')
  expect((await connect()).failure).toMatchObject({ code: 'ssh-algorithms' })
  configure(' HostKeyAlgorithms sk-ssh-ed25519@openssh.com\n')
  expect((await connect()).failure).toMatchObject({ code: 'ssh-algorithms', evidence: 'HostKeyAlgorithms sk-ssh-ed25519@openssh.com' })
})

describe('known_hosts', () => {
  test('any text is read without harm', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        for (const entry of parseKnownHosts(text, 'f')) coversHost(entry.hosts, 'name')
      }),
    )
    const entry = parseKnownHosts(`${'*a'.repeat(40)}b ${fixture.publicKey(hostKey)}`, 'f')[0]!
    expect(coversHost(entry.hosts, 'a'.repeat(200))).toBe(false)
  })

  test('a hashed name covers that name only', () => {
    expect(coversHost(hashName('kvm1'), 'kvm1')).toBe(true)
    expect(coversHost(hashName('kvm1'), 'kvm2')).toBe(false)
    expect([knownName('KVM1', 22), knownName('KVM1', 2222)]).toEqual(['kvm1', '[kvm1]:2222'])
  })

  test('lines that make no sense are passed over', () => {
    const key = fixture.publicKey(hostKey)
    const text = `\n#x\n@unknown a ${key}\na ssh-rsa AAAA\na 1024 35 12345\na\n  b   ${key} comment\n@revoked\tc ${key}\n`
    expect(parseKnownHosts(text, 'f').map(({ hosts, marker, lineNumber }) => [hosts, marker, lineNumber])).toEqual([
      ['b', null, 7],
      ['c', 'revoked', 8],
    ])
    expect(fingerprintOf(parseKnownHosts(text, 'f')[0]!.key)).toBe(sha256(hostKey))
  })
})

test.each([
  [null, [], 'ssh-ed25519'],
  [null, ['ssh-rsa'], 'rsa-sha2-512'],
  [null, ['ecdsa-sha2-nistp384'], 'ecdsa-sha2-nistp384'],
  ['+ssh-rsa', [], 'ssh-ed25519'],
  ['-ssh-ed25519', [], 'ecdsa-sha2-nistp256'],
  ['^rsa-sha2-256', ['ssh-ed25519'], 'rsa-sha2-256'],
  ['ecdsa-*,ssh-ed25519', ['ssh-ed25519'], 'ecdsa-sha2-nistp256'],
])('HostKeyAlgorithms %s with known %j begins with %s', (configured, known, first) => {
  const list = hostKeyAlgorithms(configured, new Set(known))
  expect(list[0]).toBe(first)
  expect(list.includes('ssh-rsa')).toBe(configured === '+ssh-rsa')
  expect(join(...list)).not.toContain('ssh-dss')
})
