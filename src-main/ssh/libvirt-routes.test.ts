import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import type { SshAnswer, SshQuestion } from './ask.ts'
import { answering, quiet, SshFixture } from './sshd-fixture.ts'
import { SshTransport, type SshTransportOptions } from './ssh-transport.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

// Real sshds in mount namespaces of their own, with a /run/libvirt, users and programs that the tests decide about.
const isRoot = process.getuid?.() === 0
const fixture = new SshFixture()
const run = join(fixture.folder, 'run')
const [rw, ro] = [join(run, 'libvirt-sock'), join(run, 'libvirt-sock-ro')]
const behindSudo = join(fixture.folder, 'behind-sudo')
let [hostKey, userKey] = ['', '']
const daemons: Server[] = []
const transports: SshTransport[] = []

/** A stand-in daemon: answers each call of 28 bytes with a reply to AUTH_LIST, whose only entry says who it is. */
async function daemon(path: string, mode: number, name: number): Promise<Server> {
  const server = createServer((socket) => {
    let bytes = Buffer.alloc(0)
    socket.on('error', () => {})
    socket.on('data', (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk])
      for (; bytes.length >= 28; bytes = bytes.subarray(28)) {
        const reply = Buffer.alloc(36)
        bytes.copy(reply, 0, 0, 28)
        for (const [at, word] of [[0, 36], [16, 1], [28, 1], [32, name]] as const) reply.writeUInt32BE(word, at)
        socket.write(reply)
      }
    })
  }).listen(path)
  await once(server, 'listening')
  chmodSync(path, mode)
  daemons.push(server)
  return server
}

/** Which daemon is at the other end, by a call of the test's own: also shows that the channel came clean. */
async function whoAnswers(stream: Duplex): Promise<number> {
  const call = Buffer.alloc(28)
  for (const [index, word] of [28, 0x20008086, 1, 66, 0, 5, 0].entries()) call.writeUInt32BE(word, index * 4)
  stream.write(call)
  const chunks: Buffer[] = []
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
    chunks.push(chunk)
    if (Buffer.concat(chunks).length >= 36) break
  }
  const reply = Buffer.concat(chunks)
  expect([reply.length, reply.readUInt32BE(20)]).toEqual([36, 5])
  return reply.readUInt32BE(32)
}

const pipe = `process.stdin.pipe(require('net').connect(process.argv.at(-1)).on('error',e=>{console.error(e.message);process.exit(1)})).pipe(process.stdout)`
const programs = {
  nc: `exec ${process.execPath} -e "${pipe}" "$2"`,
  'virt-ssh-helper': `exec ${process.execPath} -e "${pipe}" ${behindSudo}`,
  // As the real one: -n fails where a password is due; -S reads it a byte at a time; three tries.
  sudo: [
    `echo "$@" >> ${fixture.folder}/sudo.log`,
    `free() { PATH=${fixture.folder}/root-bin:$PATH; export PATH; exec "$@"; }`,
    `if test -e ${fixture.folder}/forbidden; then echo "$(id -un) is not in the sudoers file." >&2; exit 1; fi`,
    `if test "$1" = -n; then shift 2; test -e ${fixture.folder}/nopasswd && free "$@"; echo "sudo: a password is required" >&2; exit 1; fi`,
    'prompt=$3; shift 4; n=0',
    'while test $n -lt 3; do printf "%s" "$prompt" >&2; IFS= read -r line || exit 1; test "$line" = secret && free "$@"; echo "Sorry, try again." >&2; n=$((n+1)); done',
    'echo "sudo: 3 incorrect password attempts" >&2; exit 1',
  ].join('\n'),
}

function binaries(folder: string, names: readonly (keyof typeof programs)[]): string {
  mkdirSync(folder, { recursive: true })
  for (const name of names) writeFileSync(join(folder, name), `#!/bin/sh\n${programs[name]}\n`, { mode: 0o755 })
  return folder
}

/** A host with just these programs; `streamLocal` is AllowStreamLocalForwarding. */
async function host(name: string, options: { streamLocal: boolean; has: ('nc' | 'sudo')[]; hasRealHelper?: boolean }) {
  const bin = binaries(join(fixture.folder, `bin-${name}`), options.has)
  const script = [
    'mount -t tmpfs tmpfs /run && mkdir -p /run/libvirt /run/sshd',
    `mount --bind ${run} /run/libvirt && mount --bind ${bin} /usr/local/bin`,
    `mount --bind ${fixture.folder}/passwd /etc/passwd && mount --bind ${fixture.folder}/group /etc/group`,
    ...(options.hasRealHelper ? [] : ['if test -e /usr/bin/virt-ssh-helper; then mount --bind /dev/null /usr/bin/virt-ssh-helper; fi']),
    'for f in /usr/bin/nc /bin/nc /usr/bin/sudo; do if test -e $f; then mount --bind /dev/null $f; fi; done',
    'exec "$@"',
  ].join('\n')
  const server = await fixture.sshd({
    hostKeys: [hostKey],
    authorized: [userKey],
    extra: options.streamLocal ? '' : 'AllowStreamLocalForwarding no',
    prefix: ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', script, 'sh'],
  })
  return async (user: 'root' | 'tester', answers: SshAnswer[] = [], more: Partial<SshTransportOptions> = {}) => {
    const { ask, asked } = answering({ 'sudo-password': answers })
    const transport = await SshTransport.open({
      address: { scheme: 'ssh', user, host: '127.0.0.1', port: server.port },
      sources: fixture.sources,
      knownHostsFiles: [fixture.write('known', `* ${fixture.publicKey(hostKey)}\n`)],
      ask,
      log: quiet,
      ...more,
    })
    transports.push(transport)
    return { transport, asked: asked as SshQuestion[] }
  }
}

describe.skipIf(!isRoot)('ways to libvirt', () => {
  type Open = Awaited<ReturnType<typeof host>>
  let [plain, closed, bare, barely]: Open[] = []

  beforeAll(async () => {
    chmodSync(fixture.folder, 0o755)
    mkdirSync(run)
    hostKey = fixture.key('host')
    userKey = fixture.key('user')
    fixture.config(`Host *\n IdentityFile ${userKey}\n`)
    writeFileSync(join(fixture.folder, 'passwd'), `${readFileSync('/etc/passwd', 'utf8')}tester:x:45454:45454::/tmp:/bin/sh\n`)
    writeFileSync(join(fixture.folder, 'group'), `${readFileSync('/etc/group', 'utf8')}tester:x:45454:\n`)
    binaries(join(fixture.folder, 'root-bin'), ['virt-ssh-helper', 'nc'])
    plain = await host('plain', { streamLocal: true, has: ['sudo'] })
    closed = await host('closed', { streamLocal: false, has: ['nc', 'sudo'], hasRealHelper: true })
    bare = await host('bare', { streamLocal: false, has: ['nc'] })
    barely = await host('barely', { streamLocal: false, has: [] })
  })
  afterEach(async () => {
    for (const transport of transports.splice(0)) transport.close()
    for (const server of daemons.splice(0)) {
      server.close()
      await once(server, 'close')
    }
    for (const name of ['nopasswd', 'forbidden', 'sudo.log', 'behind-sudo']) rmSync(join(fixture.folder, name), { force: true })
    rmSync(rw, { force: true })
  })
  afterAll(() => fixture.dispose())

  test('the socket, writable or read-only as asked', async () => {
    await daemon(rw, 0o700, 1)
    await daemon(ro, 0o777, 2)
    const { transport } = await plain!('root')
    const channel = await transport.openLibvirt()
    expect(channel).toMatchObject({ route: 'socket', isWritable: true })
    expect(await whoAnswers(channel.stream)).toBe(1)
    const reading = await transport.openLibvirt({ readOnly: true })
    expect(reading).toMatchObject({ route: 'socket', isWritable: false })
    expect(await whoAnswers(reading.stream)).toBe(2)
  })

  test.skipIf(!existsSync('/usr/bin/virt-ssh-helper'))('libvirt’s own helper, where sockets are not forwarded', async () => {
    await daemon(rw, 0o700, 1)
    const { transport } = await closed!('root')
    for (let round = 0; round < 2; round++) {
      const channel = await transport.openLibvirt()
      expect(channel).toMatchObject({ route: 'virt-ssh-helper', isWritable: true })
      expect(await whoAnswers(channel.stream)).toBe(1)
      channel.stream.destroy()
    }
  })

  test('netcat, where there is no helper; a new way is found when the old one ends', async () => {
    const first = await daemon(rw, 0o700, 1)
    const { transport } = await bare!('root')
    const channel = await transport.openLibvirt()
    expect(channel).toMatchObject({ route: 'netcat', isWritable: true })
    expect(await whoAnswers(channel.stream)).toBe(1)
    channel.stream.destroy()
    first.close()
    await once(first, 'close')
    daemons.length = 0
    await expect(transport.openLibvirt()).rejects.toMatchObject({ code: 'libvirt-not-running' })
    await daemon(rw, 0o700, 3)
    expect(await whoAnswers((await transport.openLibvirt()).stream)).toBe(3)
  })

  test('nothing leads to a socket that is there', async () => {
    await daemon(rw, 0o700, 1)
    const { transport } = await barely!('root')
    await expect(transport.openLibvirt()).rejects.toMatchObject({
      code: 'libvirt-no-route',
      evidence: expect.stringContaining('neither virt-ssh-helper nor nc'),
      next: expect.stringContaining('AllowStreamLocalForwarding'),
    })
  })

  test('no daemon, and one that has died', async () => {
    const { transport } = await plain!('root')
    await expect(transport.openLibvirt()).rejects.toMatchObject({ code: 'libvirt-not-running', message: 'No libvirt daemon runs on 127.0.0.1.' })
    const through = await bare!('root')
    // A socket whose daemon was killed stays behind.
    const server = await daemon(rw, 0o700, 1)
    const held = join(run, 'held')
    renameSync(rw, held)
    server.close()
    await once(server, 'close')
    renameSync(held, rw)
    daemons.length = 0
    await expect(through.transport.openLibvirt()).rejects.toMatchObject({ code: 'libvirt-not-running', evidence: expect.stringContaining('ECONNREFUSED') })
  })

  describe('a user who may not', () => {
    test('is told the group', async () => {
      await daemon(rw, 0o700, 1)
      const { transport } = await bare!('tester')
      await expect(transport.openLibvirt()).rejects.toMatchObject({
        code: 'libvirt-permission-denied',
        message: 'The user tester may not open libvirt’s socket on 127.0.0.1.',
        next: expect.stringContaining('usermod -aG libvirt tester'),
      })
    })

    test('gets the read-only socket where that is open', async () => {
      await Promise.all([daemon(rw, 0o700, 1), daemon(ro, 0o777, 2)])
      const { transport } = await plain!('tester', [{ kind: 'skip' }])
      const channel = await transport.openLibvirt()
      expect(channel).toMatchObject({ route: 'socket', isWritable: false })
      expect(await whoAnswers(channel.stream)).toBe(2)
      const byNetcat = await (await bare!('tester')).transport.openLibvirt()
      expect(byNetcat).toMatchObject({ route: 'netcat', isWritable: false })
      expect(await whoAnswers(byNetcat.stream)).toBe(2)
    })

    test('goes by sudo without a password', async () => {
      await Promise.all([daemon(rw, 0o700, 1), daemon(behindSudo, 0o777, 7)])
      writeFileSync(join(fixture.folder, 'nopasswd'), '')
      const { transport, asked } = await plain!('tester')
      const channel = await transport.openLibvirt()
      expect(channel).toMatchObject({ route: 'sudo-virt-ssh-helper', isWritable: true })
      expect(await whoAnswers(channel.stream)).toBe(7)
      expect(asked).toEqual([])
    })

    test('goes by sudo with one password, asked for once whatever is opened at the same time, and never written', async () => {
      await Promise.all([daemon(rw, 0o700, 1), daemon(behindSudo, 0o777, 7)])
      const calls: string[] = []
      const secrets = {
        lookup: async () => null,
        remember: async (key: string, value: string) => void calls.push(`${key} ${value}`),
        forget: async () => {},
      }
      const wrongThenRight: SshAnswer[] = ['wrong', 'secret'].map((value) => ({ kind: 'secret', value, remember: true }))
      writeFileSync(join(fixture.folder, 'sudo.log'), '')
      chmodSync(join(fixture.folder, 'sudo.log'), 0o666)
      const { transport, asked } = await plain!('tester', wrongThenRight, { secrets })
      const channels = await Promise.all([transport.openLibvirt(), transport.openLibvirt(), transport.openLibvirt()])
      for (const channel of channels) {
        expect(channel).toMatchObject({ route: 'sudo-virt-ssh-helper', isWritable: true })
        expect(await whoAnswers(channel.stream)).toBe(7)
      }
      expect(asked).toMatchObject([
        { kind: 'sudo-password', user: 'tester', attempt: 1 },
        { kind: 'sudo-password', attempt: 2 },
      ])
      expect(calls).toEqual([expect.stringMatching(/^sudo-password:tester@127\.0\.0\.1:\d+ secret$/)])
      const words = readFileSync(join(fixture.folder, 'sudo.log'), 'utf8')
      expect(words).toContain('virt-ssh-helper')
      expect(words).not.toMatch(/wrong|secret/)
    })

    test('is not asked again after having said no', async () => {
      await Promise.all([daemon(rw, 0o700, 1), daemon(behindSudo, 0o777, 7)])
      rmSync(ro, { force: true })
      const { transport, asked } = await plain!('tester')
      await expect(transport.openLibvirt()).rejects.toMatchObject({ code: 'prompt-dismissed' })
      await expect(transport.openLibvirt()).rejects.toMatchObject({ code: 'libvirt-sudo-refused' })
      expect(asked).toHaveLength(1)
    })

    test('is told what sudo said', async () => {
      await daemon(rw, 0o700, 1)
      rmSync(ro, { force: true })
      writeFileSync(join(fixture.folder, 'forbidden'), '')
      const { transport } = await plain!('tester')
      await expect(transport.openLibvirt()).rejects.toMatchObject({ code: 'libvirt-sudo-refused', evidence: expect.stringContaining('not in the sudoers file') })
    })
  })
})
