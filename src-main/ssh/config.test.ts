import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { CommandQuestion } from './ask.ts'
import { listConfiguredHosts, resolveHost } from './config.ts'
import { splitArguments } from './config-file.ts'

let folder: string
const home = userInfo().homedir

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'drover-config-'))
})
afterAll(() => rm(folder, { recursive: true }))

/** What the real OpenSSH makes of a configuration: the last value of each keyword, and all of those that repeat. */
function opensshOf(file: string, host: string): Map<string, string[]> {
  const output = execFileSync('ssh', ['-G', '-F', file, host], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  const values = new Map<string, string[]>()
  for (const line of output.trim().split('\n')) {
    const at = line.indexOf(' ')
    const key = line.slice(0, at)
    values.set(key, [...(values.get(key) ?? []), line.slice(at + 1)])
  }
  return values
}

const tables: [name: string, config: string, hosts: string[]][] = [
  ['first value wins', 'Host a\n User one\n Port 2201\nHost *\n User two\n Port 2202\n HostName x.example\n', ['a', 'b']],
  ['patterns and negation', 'Host *.example !bad.example\n User in\nHost web-?\n Port 2200\nHost !a *\n HostName not-a\n', ['x.example', 'bad.example', 'web-1', 'web-10', 'a']],
  ['lines before any Host hold for all', 'User everyone\nHost a\n User a\n', ['a', 'b']],
  ['equals signs, quotes, case and blanks', '  hOsT=a b\n\tUser = "joe"\n  PORT\t=2200\nhostname "h.example" # comment\n', ['a', 'b', 'c']],
  ['HostName with %h', 'Host *\n HostName %h.example.org\n', ['node', 'x%']],
  ['Match host sees HostName, originalhost what was typed', 'Host a\n HostName b\nMatch host b\n User viahost\nMatch originalhost a\n Port 2200\nMatch host a\n Port 99\n', ['a', 'b', 'c']],
  ['Match user and localuser', `Host a\n User joe\nMatch user joe,ann\n Port 2200\nMatch localuser ${userInfo().username}\n HostName mine\nMatch localuser !${userInfo().username},*\n HostName other\n`, ['a', 'b']],
  ['Match with several criteria, and negated ones', 'Match host *.x user root\n Port 1\nMatch !host *.x originalhost "b*"\n Port 2\nMatch all\n Port 3\n', ['a.x', 'b', 'c']],
  ['Match exec', 'Match exec "test %n = a"\n User yes\nMatch !exec "test %h = a"\n User no\nMatch host b exec "true"\n Port 2200\n', ['a', 'b']],
  ['Match final', 'Match final host real\n User final\n Port 2200\nHost a\n HostName real\n User first\n', ['a', 'b']],
  ['Host patterns see the resolved name in the final pass', 'Match final all\n Port 2200\nHost a\n HostName real\nHost real\n User late\n', ['a']],
  ['IdentityFile adds up, tokens stay as in a file name', 'Host a\n IdentityFile ~/.ssh/one\n User joe\nHost *\n IdentityFile %d/.ssh/%r_%h_%u\n IdentityFile "~/.ssh/with space"\n IdentityFile ~/.ssh/one\n', ['a', 'b']],
  ['IdentityFile none', 'Host a\n IdentityFile none\n', ['a', 'b']],
  ['ProxyJump', 'Host a\n ProxyJump joe@jump:2222,second\nHost b\n ProxyJump none\nHost *\n ProxyJump last\n', ['a', 'b', 'c']],
  ['whichever of ProxyCommand and ProxyJump comes first', 'Host a\n ProxyCommand nc "%h" %p # not a comment\n ProxyJump jump\nHost b\n ProxyJump jump\n ProxyCommand nc\nHost c\n ProxyCommand none\n ProxyJump jump\n', ['a', 'b', 'c']],
  ['known hosts and strictness', 'Host a\n UserKnownHostsFile ~/one "/two words"\n StrictHostKeyChecking accept-new\n HostKeyAlias name\nHost b\n UserKnownHostsFile none\n StrictHostKeyChecking off\n HashKnownHosts yes\nHost *\n GlobalKnownHostsFile /g\n', ['a', 'b', 'c']],
  ['times and switches', 'Host a\n ConnectTimeout 1m30\n ServerAliveInterval 2m\n ServerAliveCountMax 7\n IdentitiesOnly yes\nHost *\n ConnectTimeout none\n', ['a', 'b']],
]

describe('agrees with the real OpenSSH', () => {
  for (const [name, text, hosts] of tables) {
    test(name, async () => {
      const file = join(folder, `config-${tables.findIndex((row) => row[0] === name)}`)
      await writeFile(file, text)
      for (const host of hosts) {
        const theirs = opensshOf(file, host)
        const one = (key: string) => theirs.get(key)?.[0]
        const ours = await resolveHost({ host, user: null, port: null }, { files: [file], home }, { allowCommand: async () => true })
        const proxy = ours.proxy.kind === 'jump' ? ours.proxy.hosts.map((hop) => `${hop.user ? `${hop.user}@` : ''}${hop.host}${hop.port ? `:${hop.port}` : ''}`).join(',') : undefined
        expect({
          hostname: ours.hostname,
          user: ours.user,
          port: String(ours.port),
          proxy,
          command: ours.proxy.kind === 'command' ? ours.proxy.line.rest : undefined,
          alias: ours.hostKeyAlias ?? undefined,
          strict: ours.strictHostKeyChecking,
          hashed: ours.hashKnownHosts,
          only: ours.identitiesOnly,
          aliveInterval: (ours.serverAliveIntervalMs ?? 0) / 1000,
          aliveCount: ours.serverAliveCountMax,
          timeout: ours.connectTimeoutMs === null ? 'none' : String(ours.connectTimeoutMs / 1000),
        }).toEqual({
          hostname: one('hostname'),
          user: one('user'),
          port: one('port'),
          proxy: one('proxyjump') === 'none' ? undefined : one('proxyjump'),
          command: one('proxycommand') === 'none' ? undefined : one('proxycommand'),
          alias: one('hostkeyalias'),
          strict: { true: 'yes', false: 'no' }[one('stricthostkeychecking')!] ?? one('stricthostkeychecking'),
          hashed: one('hashknownhosts') === 'yes',
          only: one('identitiesonly') === 'yes',
          aliveInterval: Number(one('serveraliveinterval')),
          aliveCount: Number(one('serveralivecountmax')),
          timeout: one('connecttimeout'),
        })
        if (/IdentityFile/.test(text)) {
          // OpenSSH prints them before it replaces anything.
          const values: Record<string, string> = { '~': home, '%d': home, '%r': ours.user, '%h': ours.hostname, '%u': userInfo().username }
          const usual = /id_(ecdsa_sk|ed25519_sk|xmss|dsa)$/
          const expected = theirs.get('identityfile')!.filter((path) => path !== 'none' && !usual.test(path))
          expect(ours.identityFiles).toEqual([...new Set(expected.map((path) => path.replace(/^~|%[drhu]/g, (token) => values[token]!)))])
        }
        if (/KnownHostsFile/.test(text)) {
          const tilde = (paths: string) => (paths === 'none' ? '' : paths.replaceAll('~', home))
          expect(ours.userKnownHostsFiles.join(' ')).toBe(tilde(one('userknownhostsfile')!))
          expect(ours.globalKnownHostsFiles.join(' ')).toBe(tilde(one('globalknownhostsfile')!))
        }
      }
    })
  }

  test('Include, with patterns, inside of a block and nested', async () => {
    const base = join(folder, 'include')
    await mkdir(join(base, 'parts'), { recursive: true })
    await writeFile(join(base, 'parts/10-a.conf'), 'Host a\n User from-a\n')
    await writeFile(join(base, 'parts/20-b.conf'), 'Host b\n User from-b\nHost *\n Port 2210\n')
    await writeFile(join(base, 'parts/.hidden.conf'), 'User hidden\n')
    await writeFile(join(base, 'inner'), 'User inner\nHost c\n HostName c.inner\nMatch all\n Port 2220\n')
    await writeFile(join(base, 'outer'), `Include ${base}/inner\n`)
    const file = join(base, 'config')
    await writeFile(file, `Include ${base}/parts/*.conf ${base}/missing-*\nHost c d\n Include ${base}/outer\n ProxyJump after\nHost *\n User last\n`)
    for (const host of ['a', 'b', 'c', 'd', 'e']) {
      const theirs = opensshOf(file, host)
      const ours = await resolveHost({ host, user: null, port: null }, { files: [file], home })
      expect([host, ours.user, String(ours.port), ours.hostname]).toEqual([host, ...['user', 'port', 'hostname'].map((key) => theirs.get(key)![0])])
      expect(ours.proxy.kind === 'jump').toBe(theirs.has('proxyjump'))
    }
  })
})

test('relative includes belong to the folder of the first file', async () => {
  const base = join(folder, 'relative')
  await mkdir(join(base, 'config.d'), { recursive: true })
  await writeFile(join(base, 'config'), 'Include config.d/*\n')
  await writeFile(join(base, 'config.d/one'), 'Include config.d/none\nUser relative\n')
  expect((await resolveHost({ host: 'a', user: null, port: null }, { files: [join(base, 'config')] })).user).toBe('relative')
})

test('what the person says precedes the files', async () => {
  const file = join(folder, 'precede')
  await writeFile(file, 'Host a\n User u\n Port 2200\nMatch user root\n HostName for-root\n')
  const config = await resolveHost({ host: 'a', user: 'root', port: 2222 }, { files: [file] })
  expect([config.user, config.port, config.hostname]).toEqual(['root', 2222, 'for-root'])
})

test('Match exec asks with the line and the command, and does not match when refused', async () => {
  const file = join(folder, 'exec')
  await writeFile(file, `Host x\nMatch host a exec "touch ${folder}/ran-%n"\n User ran\n`)
  const asked: CommandQuestion[] = []
  const allowCommand = async (question: CommandQuestion) => {
    asked.push(question)
    return false
  }
  expect((await resolveHost({ host: 'b', user: 'me', port: null }, { files: [file] }, { allowCommand })).user).toBe('me')
  expect(asked).toEqual([])
  const config = await resolveHost({ host: 'a', user: null, port: null }, { files: [file] }, { allowCommand })
  expect(config.user).toBe(userInfo().username)
  expect(asked).toEqual([
    {
      kind: 'command-consent',
      host: 'a',
      source: 'match-exec',
      line: `Match host a exec "touch ${folder}/ran-%n"`,
      command: `touch ${folder}/ran-a`,
      file,
      lineNumber: 2,
    },
  ])
})

test.each([
  ['Host a\n Port many\n', 2],
  ['User\n', 1],
  ['Host a\n\n User "open\n', 3],
  ['Host a\n StrictHostKeyChecking perhaps\n', 2],
  ['IdentityFile %X\n', 1],
  ['IdentityFile ${NO_SUCH_VARIABLE}\n', 1],
  ['ProxyJump a;b\n', 1],
  ['Match\n', 1],
])('%j is refused with its place', async (text, line) => {
  const file = join(folder, 'wrong')
  await writeFile(file, text)
  await expect(resolveHost({ host: 'a', user: null, port: null }, { files: [file] })).rejects.toMatchObject({
    code: 'ssh-config-invalid',
    evidence: expect.stringContaining(`${file}:${line}:`),
  })
})

test('lists what one can connect to, without running anything', async () => {
  const file = join(folder, 'list')
  const more = join(folder, 'list-more')
  await writeFile(more, 'Host four\n HostName 10.0.0.4\n')
  await writeFile(file, `Host one two *.lab !three\n User root\nHost one\n Port 2201\nMatch exec "touch ${folder}/listed"\n User never\nHost *\n Include ${more}\n User other\n`)
  expect(await listConfiguredHosts({ files: [file, join(folder, 'absent')] })).toEqual([
    { alias: 'one', hostname: 'one', user: 'root', port: 2201 },
    { alias: 'two', hostname: 'two', user: 'root', port: 22 },
    { alias: 'four', hostname: '10.0.0.4', user: 'other', port: 22 },
  ])
  expect(await import('node:fs').then((fs) => fs.existsSync(join(folder, 'listed')))).toBe(false)
})

test.each([
  ['a "b c" \'d e\' f\\ g', ['a', 'b c', 'd e', 'f g']],
  ['a"b"c \\"x #comment', ['abc', '"x']],
  ['"a\\"b" "" x#y', ['a"b', '', 'x#y']],
  ['"open', null],
])('splitArguments(%j)', (text, words) => expect(splitArguments(text)).toEqual(words))
