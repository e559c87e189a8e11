import { text } from 'node:stream/consumers'
import { finished, pipeline } from 'node:stream/promises'
import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import type { Failure } from '../../base/failure.ts'
import type { Frame } from '../wire/frame.ts'
import { maxStreamPacket } from '../wire/limits.ts'
import { Connection } from './connection.ts'
import { FarSide, Refusal } from './far-side.fixture.ts'
import type { LibvirtStream } from './stream.ts'

const dom = { name: 'vm', uuid: '00000000-0000-4000-8000-000000000001', id: 3 }
const vol = { pool: 'p', name: 'v', key: '/v' }
const console_ = { dom, devName: null, flags: 0 }
const span = { vol, offset: 0, length: 0, flags: 0 }

async function opened(): Promise<{ far: FarSide; connection: Connection; call: () => Frame }> {
  const far = new FarSide()
  const frames: Frame[] = []
  far.on('domainOpenConsole', (_, frame) => void frames.push(frame))
  far.on('storageVolUpload', (_, frame) => void frames.push(frame))
  far.on('storageVolDownload', (_, frame) => void frames.push(frame))
  return { far, connection: await Connection.open(far.near, { maxUnreadBytes: 256 * 1024 }), call: () => frames.at(-1) as Frame }
}

const sent = (far: FarSide, status: string): Promise<void> => far.when(() => far.others.some((frame) => frame.status === status))

describe('streams', () => {
  it('carry a console both ways, and finish when either side has had enough', async () => {
    const { far, connection, call } = await opened()
    const { stream } = await connection.openStream('domainOpenConsole', console_)
    stream.write('ls\n')
    await far.when(() => far.others.length > 0)
    expect([far.others[0]?.serial, far.others[0]?.status, far.others[0]?.payload.toString()]).toEqual([call().serial, 'continue', 'ls\n'])
    far.streamPacket(call(), 'continue', Buffer.from('bin'))
    const seen = text(stream)
    stream.end()
    await sent(far, 'ok')
    far.streamPacket(call(), 'ok')
    expect(await seen).toBe('bin')
    await finished(stream)
    expect(connection.load.streams).toBe(0)
    connection.close()
  })

  it('end after the daemon has confirmed that everything was sent', async () => {
    const { far, connection, call } = await opened()
    const { stream } = await connection.openStream('storageVolDownload', span)
    const seen = text(stream)
    far.streamPacket(call(), 'continue', Buffer.from('data'))
    far.streamPacket(call(), 'continue')
    await sent(far, 'ok')
    far.streamPacket(call(), 'ok')
    expect(await seen).toBe('data')
    expect(connection.load.streams).toBe(0)

    const { stream: broken } = await connection.openStream('storageVolDownload', span)
    const failed = text(broken).catch((thrown: Failure) => thrown)
    far.streamPacket(call(), 'continue')
    await far.when(() => far.others.filter((frame) => frame.status === 'ok').length === 2)
    far.refuse(call(), new Refusal('VIR_ERR_OPERATION_FAILED', 'disk fell off'), 'stream')
    expect(await failed).toMatchObject({ code: 'libvirt', text: 'disk fell off' })
    connection.close()
  })

  it('upload in packets that every daemon takes, and report what went wrong', async () => {
    const { far, connection, call } = await opened()
    const { stream } = await connection.openStream('storageVolUpload', span)
    const bytes = Buffer.alloc(2 * maxStreamPacket + 5, 1)
    const uploaded = pipeline(Readable.from([bytes]), stream)
    await sent(far, 'ok')
    far.streamPacket(call(), 'ok')
    await uploaded
    expect(far.others.map((frame) => frame.payload.length)).toEqual([maxStreamPacket, maxStreamPacket, 5, 0])

    const { stream: full } = await connection.openStream('storageVolUpload', span)
    const refused = finished(full).catch((thrown: Failure) => thrown)
    full.write('x')
    far.refuse(call(), new Refusal('VIR_ERR_SYSTEM_ERROR', 'no space left on device'), 'stream')
    expect(await refused).toMatchObject({ code: 'libvirt', text: 'no space left on device' })
    connection.close()
  })

  it('are aborted at the daemon when they are destroyed, and forgotten when it has confirmed', async () => {
    const { far, connection, call } = await opened()
    const { stream } = await connection.openStream('domainOpenConsole', console_)
    stream.destroy()
    await sent(far, 'error')
    expect(connection.load.streams).toBe(1)
    far.streamPacket(call(), 'continue', Buffer.from('late'))
    far.streamPacket(call(), 'ok')
    far.on('connectGetHostname', () => ({ hostname: 'h' }))
    await connection.call('connectGetHostname')
    expect(connection.load.streams).toBe(0)
    connection.close()
  })

  it('that are given up while they open are aborted once they exist', async () => {
    const { far, connection } = await opened()
    let opening: Frame | undefined
    far.on('domainOpenConsole', (_, frame) => ((opening = frame), new Promise<never>(() => {})))
    await expect(connection.openStream('domainOpenConsole', console_, { deadlineMs: 5 })).rejects.toMatchObject({ code: 'deadline' })
    expect(far.others).toEqual([])
    far.streamPacket(opening as Frame, 'continue', Buffer.alloc(1000))
    far.reply(opening as Frame, 'domainOpenConsole', undefined)
    await sent(far, 'error')
    far.streamPacket(opening as Frame, 'ok')
    far.on('connectGetHostname', () => ({ hostname: 'h' }))
    await connection.call('connectGetHostname')
    expect(connection.load.streams).toBe(0)
    connection.close()
  })

  it('that the daemon refuses leave nothing behind', async () => {
    const { far, connection } = await opened()
    far.on('domainOpenConsole', () => {
      throw new Refusal('VIR_ERR_OPERATION_FAILED', 'Active console session exists for this domain')
    })
    await expect(connection.openStream('domainOpenConsole', console_)).rejects.toMatchObject({ text: /Active console/ })
    expect(connection.load.streams).toBe(0)
    expect(far.others).toEqual([])
    connection.close()
  })

  it('hold the daemon back instead of filling the memory, and lose nothing by it', async () => {
    const { far, connection, call } = await opened()
    const { stream } = await connection.openStream('storageVolDownload', span)
    const packet = Buffer.alloc(64 * 1024, 7)
    let written = 0
    // Until the way is full: with nobody reading that must come, long before 64 MiB.
    while (written < 1024 && far.streamPacket(call(), 'continue', packet)) {
      written++
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(written).toBeLessThan(32)
    expect(stream.unread).toBeLessThan(512 * 1024)
    let read = 0
    stream.on('data', (data: Buffer) => (read += data.length))
    far.streamPacket(call(), 'continue')
    await sent(far, 'ok')
    far.streamPacket(call(), 'ok')
    await finished(stream)
    expect(read).toBe((written + 1) * packet.length)
    connection.close()
  })

  it('fail with their connection, also before their owner could listen', async () => {
    const { far, connection } = await opened()
    const { stream } = await connection.openStream('domainOpenConsole', console_)
    const failed = new Promise<Error>((resolve) => stream.once('error', resolve))
    void far.mute('storageVolUpload')
    const opening = connection.openStream('storageVolUpload', span).then(
      () => expect.fail('was to reject'),
      (thrown: Failure) => thrown,
    )
    await far.called('storageVolUpload')
    far.stream.end()
    expect(await failed).toMatchObject({ code: 'connection-lost' })
    expect(await opening).toMatchObject({ code: 'connection-lost' })
    const streams: LibvirtStream[] = [stream]
    expect(streams.every(({ destroyed }) => destroyed)).toBe(true)
  })
})
