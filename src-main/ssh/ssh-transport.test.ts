import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { answering, freePort, quiet, SshFixture } from './sshd-fixture.ts'
import { SshTransport, type SshTransportOptions } from './ssh-transport.ts'

vi.setConfig({ testTimeout: 60_000 })
/** A busy machine takes its time. */
const patient = { timeout: 30_000 }

const fixture = new SshFixture()
let hostKey: string
let userKey: string
let server: Awaited<ReturnType<SshFixture['sshd']>>
let knownHostsFiles: string[]

beforeAll(async () => {
  hostKey = fixture.key('host')
  userKey = fixture.key('user')
  server = await fixture.sshd({ hostKeys: [hostKey], authorized: [userKey] })
  fixture.config(`Host *\n IdentityFile ${userKey}\n`)
  knownHostsFiles = [fixture.write('known', fixture.known(server.port, hostKey))]
})
afterAll(() => fixture.dispose())

const open = (options: Partial<SshTransportOptions> = {}) =>
  SshTransport.open({ address: server.address, sources: fixture.sources, knownHostsFiles, ask: answering().ask, log: quiet, ...options })

describe('one connection', () => {
  let transport: SshTransport
  beforeAll(async () => {
    transport = await open()
  })
  afterAll(() => transport.close())

  test('runs programs, words untouched, with stdin, code, signal and both outputs', async () => {
    const words = ['a b', "it's", '$HOME', '*', '', '"', '\\', ';id', 'ü\n']
    const result = await transport.exec(['sh', '-c', 'cat; printf "[%s]" "$@"; echo err >&2; exit 7', 'sh', ...words], { stdin: 'in' })
    expect(result).toEqual({ code: 7, signal: null, stdout: `in${words.map((word) => `[${word}]`).join('')}`, stderr: 'err\n' })
    expect(await transport.exec(['sh', '-c', 'kill -9 $$'])).toMatchObject({ code: null, signal: 'SIGKILL' })
    expect((await transport.exec(['no-such-program'])).code).toBe(127)
  })

  test('cuts output at a mebibyte', async () => {
    const { stdout, code } = await transport.exec(['head', '-c', '5000000', '/dev/zero'])
    expect([stdout.length, code]).toEqual([1024 * 1024, 0])
  })

  test('forty commands at once share the sessions', async () => {
    const results = await Promise.all(Array.from({ length: 40 }, (_, n) => transport.exec(['echo', String(n)])))
    expect(results.map(({ stdout }) => Number(stdout))).toEqual(Array.from({ length: 40 }, (_, n) => n))
  })

  test('deadline and signal end a command; the connection lives on', async () => {
    await expect(transport.exec(['sleep', '100'], { deadlineMs: 30 })).rejects.toMatchObject({ code: 'deadline' })
    const stop = new AbortController()
    const running = transport.exec(['sleep', '100'], { signal: stop.signal })
    stop.abort(new Error('enough'))
    await expect(running).rejects.toThrow('enough')
    expect((await transport.exec(['echo', 'alive'])).stdout).toBe('alive\n')
    const [file, late] = [join(fixture.folder, 'pid'), new AbortController()]
    const lives = transport.exec(['sh', '-c', `echo $$ > ${file}.new; mv ${file}.new ${file}; exec sleep 100`], { signal: late.signal })
    await expect.poll(() => existsSync(file), patient).toBe(true)
    const pid = readFileSync(file, 'utf8').trim()
    late.abort(new Error('enough'))
    await expect(lives).rejects.toThrow('enough')
    await expect.poll(() => existsSync(`/proc/${pid}`), patient).toBe(false)
  })

  test('spawn gives a living program; kill and close end it', async () => {
    const cat = await transport.spawn(['cat'])
    cat.stdin.write('hello')
    expect(String((await once(cat.stdout, 'data'))[0])).toBe('hello')
    cat.stdin.end()
    expect(await cat.exited).toEqual({ code: 0, signal: null })
    const sleeper = await transport.spawn(['sleep', '100'])
    sleeper.kill('TERM')
    expect(await sleeper.exited).toEqual({ code: null, signal: 'SIGTERM' })
    const closed = await transport.spawn(['cat'])
    closed.close()
    expect(await closed.exited).toEqual({ code: null, signal: null })
    const both = await transport.spawn(['sh', '-c', 'echo out; echo err >&2'])
    expect(await Promise.all([text(both.stdout), text(both.stderr)])).toEqual(['out\n', 'err\n'])
  })

  test('more programs than the server has sessions for are refused with the reason', async () => {
    const programs = await Promise.all(Array.from({ length: 7 }, () => transport.spawn(['cat'])))
    await expect(transport.spawn(['cat'])).rejects.toMatchObject({ code: 'ssh-sessions-exhausted' })
    expect((await transport.exec(['echo', 'still'])).stdout).toBe('still\n')
    for (const program of programs) program.close()
    await Promise.all(programs.map(({ exited }) => exited))
    const again = await transport.spawn(['true'])
    expect((await again.exited).code).toBe(0)
  })

  test('opens TCP connections and sockets on the host, and tells refusals apart', async () => {
    const echo = createServer((socket) => socket.pipe(socket)).listen(0, '127.0.0.1')
    const socketPath = join(fixture.folder, 'echo.sock')
    const unix = createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket)).listen(socketPath)
    await Promise.all([once(echo, 'listening'), once(unix, 'listening')])
    const tcp = await transport.openTcp('127.0.0.1', (echo.address() as { port: number }).port)
    tcp.write('over tcp')
    expect(String((await once(tcp, 'data'))[0])).toBe('over tcp')
    tcp.destroy()
    const payload = randomBytes(3_000_000)
    const stream = await transport.openSocket(socketPath)
    stream.end(payload)
    const chunks: Buffer[] = []
    for await (const chunk of stream) chunks.push(chunk)
    expect(Buffer.concat(chunks).equals(payload)).toBe(true)
    await expect(transport.openTcp('127.0.0.1', await freePort())).rejects.toMatchObject({ code: 'tcp-connect-failed' })
    await expect(transport.openSocket(join(fixture.folder, 'none'))).rejects.toMatchObject({ code: 'socket-connect-failed' })
    echo.close()
    unix.close()
  })

  describe.each(['sftp', 'cat'])('upload by %s', (way) => {
    let uploading: SshTransport
    let folder: string
    beforeAll(async () => {
      folder = join(fixture.folder, `uploads-${way}`)
      mkdirSync(folder)
      if (way === 'sftp') uploading = transport
      else {
        const plain = await fixture.sshd({ hostKeys: [hostKey], authorized: [userKey], hasSftp: false })
        const files = [fixture.write('known-plain', fixture.known(plain.port, hostKey))]
        uploading = await open({ address: plain.address, knownHostsFiles: files })
      }
    })
    afterAll(() => {
      if (way === 'cat') uploading.close()
    })

    test('20 MB arrive intact, in new folders, with the mode, and nothing is left over', async () => {
      const content = randomBytes(20_000_000)
      const path = join(folder, "a b/it's/file")
      let progress = 0
      await uploading.upload(content, path, { mode: 0o750, onProgress: (bytes) => (progress = bytes) })
      expect(createHash('sha256').update(readFileSync(path)).digest('hex')).toBe(createHash('sha256').update(content).digest('hex'))
      expect([statSync(path).mode & 0o777, progress, readdirSync(join(folder, "a b/it's"))]).toEqual([0o750, content.length, ['file']])
    })

    test('a stream replaces a file, and an empty file is a file', async () => {
      const path = join(folder, 'replaced')
      await uploading.upload(Buffer.from('old'), path, { mode: 0o600 })
      await uploading.upload(Readable.from([Buffer.from('new'), Buffer.from(' one')]), path, { mode: 0o700 })
      expect([readFileSync(path, 'utf8'), statSync(path).mode & 0o777]).toEqual(['new one', 0o700])
      await uploading.upload(Buffer.alloc(0), join(folder, 'empty'), { mode: 0o600 })
      expect(statSync(join(folder, 'empty')).size).toBe(0)
    })

    test('what cannot be written is said, and an aborted upload leaves nothing', async () => {
      await expect(uploading.upload(Buffer.from('x'), '/proc/no/such', { mode: 0o600 })).rejects.toMatchObject({ code: 'upload-failed' })
      const stop = new AbortController()
      const path = join(folder, 'aborted/file')
      const endless = Readable.from(
        (async function* () {
          for (;;) yield Buffer.alloc(65536)
        })(),
      )
      const uploaded = uploading.upload(endless, path, { mode: 0o600, signal: stop.signal, onProgress: (bytes) => bytes > 1_000_000 && stop.abort(new Error('enough')) })
      await expect(uploaded).rejects.toThrow('enough')
      expect(endless.destroyed).toBe(true)
      await expect.poll(() => (existsSync(join(folder, 'aborted')) ? readdirSync(join(folder, 'aborted')) : []), patient).toEqual([])
    })
  })

  test('~/ is the home of the user on the host', async () => {
    const home = (await transport.exec(['pwd'])).stdout.trim()
    const name = `.drover-test-${randomBytes(4).toString('hex')}/file`
    await transport.upload(Buffer.from('x'), `~/${name}`, { mode: 0o600 })
    expect(existsSync(join(home, name))).toBe(true)
    await transport.exec(['rm', '-r', join(home, name.split('/')[0]!)])
  })
})

test('a server with few sessions is asked again when one has ended', async () => {
  const narrow = await fixture.sshd({ hostKeys: [hostKey], authorized: [userKey], extra: 'MaxSessions 2' })
  const transport = await open({ address: narrow.address, knownHostsFiles: [fixture.write('known-narrow', fixture.known(narrow.port, hostKey))] })
  const cat = await transport.spawn(['cat'])
  const results = await Promise.all(Array.from({ length: 6 }, (_, n) => transport.exec(['echo', String(n)])))
  expect(results.map(({ stdout }) => Number(stdout))).toEqual([0, 1, 2, 3, 4, 5])
  const second = await transport.spawn(['cat'])
  await expect(transport.exec(['true'])).rejects.toMatchObject({ code: 'ssh-sessions-exhausted' })
  cat.close()
  second.close()
  transport.close()
})

test('the end of the connection ends all that runs over it', async () => {
  const lossy = await fixture.sshd({ hostKeys: [hostKey], authorized: [userKey] })
  const transport = await open({ address: lossy.address, knownHostsFiles: [fixture.write('known-lossy', fixture.known(lossy.port, hostKey))] })
  const states: unknown[] = []
  transport.onDidChangeState((state) => states.push(state))
  const cat = await transport.spawn(['cat'])
  const running = transport.exec(['sleep', '100'])
  const errors = [once(cat.stdout, 'error'), running.catch((error: unknown) => [error])]
  const pid = (await transport.exec(['sh', '-c', 'echo $PPID'])).stdout.trim()
  process.kill(Number(pid), 'SIGKILL')
  for (const error of (await Promise.all(errors)) as unknown[][]) expect(error[0]).toMatchObject({ code: 'ssh-connection-lost' })
  expect(await cat.exited).toEqual({ code: null, signal: null })
  expect(states).toMatchObject([{ kind: 'closed', failure: { code: 'ssh-connection-lost' } }])
  await expect(transport.exec(['true'])).rejects.toMatchObject({ code: 'ssh-connection-lost' })
})

test('a server that falls silent is found out by the keepalive', async () => {
  const silent = await fixture.sshd({ hostKeys: [hostKey], authorized: [userKey] })
  const transport = await open({
    address: silent.address,
    knownHostsFiles: [fixture.write('known-silent', fixture.known(silent.port, hostKey))],
    keepaliveMs: 50,
  })
  const pid = Number((await transport.exec(['sh', '-c', 'echo $PPID'])).stdout)
  process.kill(pid, 'SIGSTOP')
  const failure = await new Promise((resolve) => transport.onDidChangeState((state) => state.kind === 'closed' && resolve(state.failure)))
  expect(failure).toMatchObject({ code: 'ssh-connection-lost', message: '127.0.0.1 no longer answers.' })
  process.kill(pid, 'SIGCONT')
})

test('close is no failure', async () => {
  const transport = await open()
  const cat = await transport.spawn(['cat'])
  const ended = once(cat.stdout, 'error')
  transport.close()
  transport.close()
  expect((await ended)[0]).toMatchObject({ code: 'transport-closed' })
  expect(transport.state).toEqual({ kind: 'closed', failure: null })
})

test('fifty connections leave nothing open', async () => {
  // Vitest's own waiting takes a timer or two.
  const count = (kind: string) => process.getActiveResourcesInfo().filter((name) => name === kind).length
  const sockets = () => count('TCPSocketWrap') + count('TCPWrap')
  const cycle = async (isWhole = true) => {
    const transport = await open()
    const program = await transport.spawn(['cat'])
    if (isWhole) await transport.exec(['true'])
    if (isWhole) await transport.upload(Buffer.from('x'), join(fixture.folder, 'leak'), { mode: 0o600 })
    program.close()
    transport.close()
  }
  await cycle()
  await expect.poll(sockets, patient).toBe(0)
  const [timers, children] = [count('Timeout'), count('ProcessWrap')]
  for (let round = 0; round < 50; round++) await cycle(round % 10 === 0)
  await expect.poll(sockets, patient).toBe(0)
  expect(count('Timeout')).toBeLessThan(timers + 4)
  expect(count('ProcessWrap')).toBe(children)
}, 240_000)
