import { expect, test } from 'vitest'
import { plainSockets, tlsSockets } from '../slabs/sockets.fixture.ts'
import { openStream, pagesOf, play } from './channel.fixture.ts'
import { Pacer } from './pacer.ts'
import { PageReceiver } from './page-receiver.ts'
import { PageSender } from './page-sender.ts'
import { streamOf } from './stream.fixture.ts'

test('a gang’s channel is right over the sockets that hosts have, whose memory is used again, also with QEMUs that take their time', async () => {
  const [far, near] = await tlsSockets()
  const got = new Map<number, Buffer[]>()
  const receiver = new PageReceiver(far, {
    slots: 4096,
    window: 4 * 1024 * 1024,
    patienceMs: 5000,
    log: () => {},
    dialPeer: () => Promise.reject(new Error('no rack')),
    async dialQemu({ port }) {
      const [qemu, agent] = await plainSockets()
      const chunks: Buffer[] = []
      got.set(port - 1000, chunks)
      qemu.on('data', (chunk: Buffer) => {
        chunks.push(chunk)
        if (port === 1000) return
        // One of them is much slower than the other.
        qemu.pause()
        setImmediate(() => setImmediate(() => qemu.resume()))
      })
      qemu.on('end', () => qemu.end())
      return agent
    },
  })
  const sender = await PageSender.open(near, { answerMs: 5000, pacer: new Pacer(() => {}) })
  const shared = pagesOf(1500)
  const bytes = [0, 1, 2].map(() => streamOf([...shared.slice(0, 700), ...pagesOf(1500), ...shared, null]))
  const streams = await Promise.all([0, 1, 2].map((vm) => openStream(sender, vm)))
  const sources = await Promise.all([0, 1, 2].map(() => plainSockets()))
  expect(await Promise.all(streams.map((stream, vm) => play(stream, bytes[vm]!, 500_000, sources[vm])))).toEqual([null, null, null])
  for (const vm of [0, 1, 2]) expect(Buffer.concat(got.get(vm)!).equals(bytes[vm]!)).toBe(true)
  expect(streams.map((stream) => stream.counts.filled)).toEqual([0, 0, 0])
  sender.close()
  expect(await receiver.over).toBe(null)
})
