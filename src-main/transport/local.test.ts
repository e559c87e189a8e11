import { createServer, type Server } from 'node:net'
import { mkdtemp, readFile, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { LocalTransport } from './local.ts'

let folder: string
let local: LocalTransport
const servers: Server[] = []

async function listen(path: string): Promise<void> {
  const server = createServer((socket) => socket.pipe(socket)).listen(path)
  servers.push(server)
  await once(server, 'listening')
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'drover-local-'))
  local = new LocalTransport({ scheme: 'unix', path: join(folder, 'sock') })
})
afterEach(async () => {
  local.close()
  for (const server of servers.splice(0)) server.close()
  await rm(folder, { recursive: true })
})

describe('openLibvirt', () => {
  test('opens the socket of the address', async () => {
    await listen(join(folder, 'sock'))
    const channel = await local.openLibvirt()
    expect(channel).toMatchObject({ route: 'socket', isWritable: true })
    channel.stream.write('hello')
    expect(String((await once(channel.stream, 'data'))[0])).toBe('hello')
    channel.stream.destroy()
  })

  test('takes the read-only socket where it is asked for, or is all there is', async () => {
    await listen(join(folder, 'sock-ro'))
    const only = await local.openLibvirt()
    expect(only.isWritable).toBe(false)
    only.stream.destroy()
    await listen(join(folder, 'sock'))
    const asked = await local.openLibvirt({ readOnly: true })
    expect(asked.isWritable).toBe(false)
    asked.stream.destroy()
  })

  test('says that no daemon runs', async () => {
    await expect(local.openLibvirt()).rejects.toMatchObject({ code: 'libvirt-not-running', evidence: expect.stringContaining(folder) })
  })
})

describe('exec', () => {
  test('hands words on as they are, and stdin, and takes code and both outputs', async () => {
    const result = await local.exec(['sh', '-c', 'cat; echo "$1" >&2; exit 3', 'sh', 'a $(b) \'c"'], { stdin: 'in' })
    expect(result).toEqual({ code: 3, signal: null, stdout: 'in', stderr: 'a $(b) \'c"\n' })
  })

  test('cuts output at a mebibyte and lets the program end', async () => {
    const { stdout, code } = await local.exec(['head', '-c', '3000000', '/dev/zero'])
    expect([stdout.length, code]).toEqual([1024 * 1024, 0])
  })

  test('a missing program is code 127', async () => {
    expect((await local.exec(['no-such-program'])).code).toBe(127)
  })

  test('ends at the deadline and at the signal, grandchildren or not', async () => {
    await expect(local.exec(['sh', '-c', 'sleep 100 & wait'], { deadlineMs: 20 })).rejects.toMatchObject({ code: 'deadline' })
    const stop = new AbortController()
    const running = local.exec(['sleep', '100'], { signal: stop.signal })
    stop.abort(new Error('enough'))
    await expect(running).rejects.toThrow('enough')
  })
})

test('spawn gives a living program that close ends', async () => {
  const cat = await local.spawn(['cat'])
  cat.stdin.write('x')
  expect(String((await once(cat.stdout, 'data'))[0])).toBe('x')
  cat.close()
  expect(await cat.exited).toEqual({ code: 0, signal: null })
  const sleeper = await local.spawn(['sleep', '100'])
  sleeper.kill('KILL')
  expect((await sleeper.exited).signal).toBe('SIGKILL')
  const echo = await local.spawn(['echo', 'a b'])
  expect(await text(echo.stdout)).toBe('a b\n')
})

describe('upload', () => {
  test('makes folders, sets the mode, reports progress and leaves no other file', async () => {
    const path = join(folder, 'a/b/file')
    const seen: number[] = []
    await local.upload(Readable.from([Buffer.from('ab'), Buffer.from('c')]), path, { mode: 0o700, onProgress: (bytes) => seen.push(bytes) })
    expect([await readFile(path, 'utf8'), (await stat(path)).mode & 0o777, seen]).toEqual(['abc', 0o700, [2, 3]])
    expect(await readdir(join(folder, 'a/b'))).toEqual(['file'])
  })

  test('a source that fails leaves the old file alone', async () => {
    const path = join(folder, 'file')
    await local.upload(Buffer.from('old'), path, { mode: 0o600 })
    const broken = Readable.from(
      (async function* () {
        yield Buffer.from('new')
        throw new Error('torn')
      })(),
    )
    await expect(local.upload(broken, path, { mode: 0o600 })).rejects.toMatchObject({ code: 'upload-failed', evidence: 'torn' })
    expect(await readFile(path, 'utf8')).toBe('old')
    expect(await readdir(folder)).toEqual(['file'])
  })
})

test('refusals of connections are told apart', async () => {
  await expect(local.openSocket(join(folder, 'none'))).rejects.toMatchObject({ code: 'socket-connect-failed' })
  await expect(local.openTcp('127.0.0.1', 1)).rejects.toMatchObject({ code: 'tcp-connect-failed' })
})

test('nothing can be begun after close', async () => {
  local.close()
  await expect(local.exec(['true'])).rejects.toMatchObject({ code: 'transport-closed' })
  expect(local.state).toEqual({ kind: 'closed', failure: null })
})
