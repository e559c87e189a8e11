import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { dialDestinationLeg, loopbackPort, openSourceLeg, type LegOptions } from './legs.ts'
import { isQemuOf } from './qemu-owner.ts'
import { withoutPreempt } from './relay-cookie.ts'
import { loopbackSockets, ownerOfListener } from './socket-owner.ts'

const opened: { destroy(): void }[] = []
afterEach(() => opened.splice(0).forEach((socket) => socket.destroy()))

const uuid = '7d7f3f0e-6c0b-4a55-9c50-3f1f6a4cf111'
const me = process.getuid?.() ?? -1
const logged: string[] = []
const options = (change: Partial<LegOptions> = {}): LegOptions => ({ uuid, log: (_, text) => logged.push(text), ...change })
const portOf = (uri: string) => Number(uri.split(':').at(-1))

function dial(port: number): Socket {
  const socket = connect(port, '127.0.0.1')
  opened.push(socket)
  socket.on('error', () => {})
  return socket
}

const closed = (socket: Socket) => new Promise((resolve) => socket.once('close', resolve))

it('takes one connection of QEMU’s user, and nobody after it', async () => {
  const seen: (number | null)[] = []
  const leg = await openSourceLeg(options({ mayBe: (uid) => seen.push(uid) > 0 }))
  const qemu = dial(portOf(leg.uri))
  const taken = await leg.connection
  opened.push(taken)
  expect(seen).toEqual([me])
  taken.write('ok')
  expect(await new Promise((resolve) => qemu.once('data', (data) => resolve(String(data))))).toBe('ok')
  await closed(dial(portOf(leg.uri)))
})

it('refuses a stranger, says so, and goes on waiting for QEMU', async () => {
  let isStranger = true
  const leg = await openSourceLeg(options({ mayBe: () => !isStranger }))
  await closed(dial(portOf(leg.uri)))
  expect(logged.at(-1)).toContain(`refused a connection of user ${me}`)
  isStranger = false
  dial(portOf(leg.uri))
  opened.push(await leg.connection)
})

it('a leg that is closed before QEMU came lets nobody in', async () => {
  const leg = await openSourceLeg(options())
  leg.close()
  await expect(leg.connection).rejects.toMatchObject({ code: 'relay-closed' })
})

it('dials QEMU only where it is QEMU that listens', async () => {
  const server = createServer((socket) => opened.push(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  expect(ownerOfListener(port)).toBe(me)
  await expect(dialDestinationLeg(port, options({ mayBe: () => false }))).rejects.toMatchObject({ code: 'relay-stranger', evidence: `user ${me}` })
  opened.push(await dialDestinationLeg(port, options({ mayBe: (uid) => uid === me })))
  await new Promise((resolve) => server.close(resolve).once('close', resolve) && opened.splice(0).forEach((socket) => socket.destroy()))
  await expect(dialDestinationLeg(port, options())).rejects.toMatchObject({ code: 'relay-no-qemu' })
})

it('reads the kernel’s table of sockets', () => {
  const table = [
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
    '   0: 0100007F:C000 00000000:0000 0A 00000000:00000000 00:00000000 00000000    64        0 1 1 0 100 0 0 10 0',
    '   1: 0100007F:A1B2 0100007F:C000 01 00000000:00000000 00:00000000 00000000  1000        0 2 1 0 20 4 30 10 -1',
    '   2: 0A00000A:C000 00000000:0000 0A 00000000:00000000 00:00000000 00000000     7        0 3 1 0 100 0 0 10 0',
  ].join('\n')
  expect(loopbackSockets(table)).toEqual([
    { localPort: 0xc000, remotePort: 0, isListening: true, uid: 64 },
    { localPort: 0xa1b2, remotePort: 0xc000, isListening: false, uid: 1000 },
  ])
})

it('knows the QEMU of a VM by its UUID', () => {
  expect(isQemuOf(`/usr/bin/qemu-system-x86_64\0-name\0guest=a\0-uuid\0${uuid.toUpperCase()}\0-S\0`, uuid)).toBe(true)
  expect(isQemuOf(`grep\0${uuid}\0`, uuid)).toBe(false)
})

it('takes the port of a loopback address only', () => {
  expect(loopbackPort('tcp:127.0.0.1:49152')).toBe(49152)
  expect(loopbackPort('tcp://127.0.0.1:49152')).toBe(49152)
  expect(() => loopbackPort('tcp:10.0.0.2:49152')).toThrow(expect.objectContaining({ code: 'relay-uri' }))
})

it('takes postcopy-preempt out of a cookie, and nothing else', () => {
  const cookie = (caps: string) => Buffer.from(`<qemu-migration>\n  <name>a</name>\n  <capabilities>\n${caps}  </capabilities>\n</qemu-migration>\n\0`)
  const preempt = "    <cap name='postcopy-preempt' auto='yes'/>\n"
  const rest = "    <cap name='xbzrle' auto='no'/>\n    <cap name='switchover-ack' auto='yes'/>\n"
  expect(withoutPreempt(cookie(preempt + rest)).equals(cookie(rest))).toBe(true)
  const same = cookie(rest)
  expect(withoutPreempt(same)).toBe(same)
})
