import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { once } from 'node:events'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { makeMoveIdentities, type MoveIdentities } from './move-identities.ts'
import { endTunnel, openThroughTunnel, type TunnelRoute } from './tunnel-client.ts'
import { openTunnel, type TunnelListener } from './tunnel-listener.ts'

/** On a machine that may be busy. */
const soon = <T>(probe: () => T) => expect.poll(probe, { timeout: 20_000 })

let folder: string
let daemon: Server
let spliced: Socket[]
let tunnel: TunnelListener | undefined
let job: MoveIdentities
let other: MoveIdentities

beforeAll( () => {
  job = makeMoveIdentities('job-00000001')
  other = makeMoveIdentities('job-00000002')
})

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'drover-tunnel-'))
  spliced = []
  // Stands for libvirtd: echoes.
  daemon = createServer((socket) => {
    spliced.push(socket)
    socket.on('error', () => {})
    socket.pipe(socket)
  })
  daemon.listen(join(folder, 'sock'))
  await once(daemon, 'listening')
})

afterEach(() => {
  tunnel?.close()
  for (const socket of spliced) socket.destroy()
  daemon.close()
  rmSync(folder, { recursive: true })
})

const closed = (stream: Duplex) => new Promise<void>((resolve) => (stream.destroyed ? resolve() : stream.once('close', () => resolve())))

async function open(idleMs = 60_000, ports: [number, number] = [0, 0]): Promise<{ tunnel: TunnelListener; log: string[]; route: TunnelRoute }> {
  const log: string[] = []
  const { destination, source, sourceFingerprint, serverName } = job
  tunnel = await openTunnel({
    job: 'job-00000001',
    address: '127.0.0.1',
    ports,
    identity: destination,
    peerFingerprints: [sourceFingerprint],
    takePages: () => Promise.resolve(),
    target: join(folder, 'sock'),
    timing: { handshakeMs: 2000, idleMs },
    log: (_, text) => log.push(text),
  })
  return { tunnel, log, route: { via: 'tunnel', host: '127.0.0.1', port: tunnel.port, serverName, identity: source } }
}

test('the job’s peer is spliced to the daemon, byte for byte and both ways', async () => {
  const { route } = await open()
  const stream = await openThroughTunnel(route, 2000)
  const sent = Buffer.alloc(300_000, 'drover ')
  const received: Buffer[] = []
  stream.on('data', (chunk: Buffer) => received.push(chunk))
  stream.write(sent)
  await soon(() => Buffer.concat(received).length).toBe(sent.length)
  expect(Buffer.concat(received).equals(sent)).toBe(true)
  const gone = once(spliced[0] as Socket, 'close')
  stream.destroy()
  await gone
})

test('a stranger without a certificate is refused, logged, and never reaches the daemon', async () => {
  const { tunnel, log, route } = await open()
  const stranger = await openThroughTunnel({ ...route, identity: { ...route.identity, certificate: '', key: '' } } as TunnelRoute, 2000).catch(() => null)
  if (stranger) await closed(stranger)
  await soon(() => tunnel.refused).toBe(1)
  expect(log.join('\n')).toContain('refused 127.0.0.1')
  expect(spliced).toHaveLength(0)
})

test('another job’s certificate and another certificate of the same authority are both refused', async () => {
  const { tunnel, route } = await open()
  for (const identity of [other.source, job.destination]) {
    const stranger = await openThroughTunnel({ ...route, identity: { ...identity, ca: route.identity.ca } }, 2000).catch(() => null)
    if (!stranger) continue
    stranger.write('hello')
    await closed(stranger)
  }
  await soon(() => tunnel.refused).toBe(2)
  expect(spliced).toHaveLength(0)
})

test('the source refuses a destination that is not the job’s', async () => {
  const { route } = await open()
  await expect(openThroughTunnel({ ...route, identity: { ...route.identity, ca: other.source.ca } }, 2000)).rejects.toMatchObject({ code: 'agent-tunnel-unreachable' })
  await expect(openThroughTunnel({ ...route, serverName: 'elsewhere.invalid' }, 2000)).rejects.toMatchObject({ code: 'agent-tunnel-unreachable' })
})

test('plain text is turned away', async () => {
  const { tunnel, route } = await open()
  const socket = connect(route.port, route.host)
  socket.on('error', () => {})
  socket.write('GET / HTTP/1.1\r\n\r\n')
  await once(socket, 'close')
  await soon(() => tunnel.refused).toBe(1)
})

test('the source’s word closes the tunnel and frees its port', async () => {
  const { tunnel, route } = await open()
  const why = new Promise<string>((resolve) => tunnel.onDidClose(resolve))
  await endTunnel(route, 2000)
  expect(await why).toBe('the source is done')
  await expect(openThroughTunnel(route, 2000)).rejects.toMatchObject({ code: 'agent-tunnel-unreachable' })
})

test('an unused tunnel closes by itself, a used one does not', async () => {
  const { tunnel, route } = await open(50)
  const why = new Promise<string>((resolve) => tunnel.onDidClose(resolve))
  const stream = await openThroughTunnel(route, 2000)
  let isClosed = false
  tunnel.onDidClose(() => (isClosed = true))
  stream.write('still here')
  await once(stream, 'data')
  expect(isClosed).toBe(false)
  stream.destroy()
  expect(await why).toBe('idle for too long')
})

test('the first free port of the range is taken; none is a failure that says so', async () => {
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  const { port } = taken.address() as { port: number }
  await expect(open(60_000, [port, port])).rejects.toMatchObject({ code: 'agent-tunnel-port' })
  taken.close()
  await expect(
    openTunnel({
      job: 'job-00000001',
      address: '203.0.113.1',
      ports: [0, 0],
      identity: job.destination,
      peerFingerprints: [''],
      takePages: () => Promise.resolve(),
      target: '/nowhere',
      timing: { handshakeMs: 1000, idleMs: 1000 },
      log: () => {},
    }),
  ).rejects.toMatchObject({ code: 'agent-tunnel-address' })
})
