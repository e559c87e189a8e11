import { Duplex, PassThrough } from 'node:stream'
import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import type { Message } from '../base/wire.ts'
import { streamWire } from './stream-wire.ts'

// A property over many streams takes its time on a busy machine.
vi.setConfig({ testTimeout: 60_000 })

/** Two ends of a byte stream that cuts everything into pieces of the given sizes. */
function cutPipe(sizes: readonly number[]): [Duplex, Duplex] {
  const towards = [new PassThrough(), new PassThrough()] as const
  let turn = 0
  const end = (mine: PassThrough, theirs: PassThrough) => {
    const duplex = new Duplex({
      read() {},
      write(chunk: Buffer, _encoding, done) {
        for (let at = 0; at < chunk.length; ) {
          const size = sizes[turn++ % sizes.length] ?? 1
          theirs.write(chunk.subarray(at, at + size))
          at += size
        }
        done()
      },
    })
    mine.on('data', (chunk: Buffer) => duplex.push(chunk))
    return duplex
  }
  return [end(towards[0], towards[1]), end(towards[1], towards[0])]
}

test('messages come through whole and in order, however the stream is cut', async () => {
  const message = fc.oneof(fc.string({ unit: 'binary', maxLength: 300 }), fc.uint8Array({ maxLength: 300 }))
  await fc.assert(
    fc.asyncProperty(fc.array(message, { maxLength: 20 }), fc.array(fc.integer({ min: 1, max: 64 }), { minLength: 1, maxLength: 10 }), async (messages, sizes) => {
      const [here, there] = cutPipe(sizes)
      const [sender, receiver] = [streamWire(here), streamWire(there)]
      const received: Message[] = []
      const done = new Promise<void>((resolve) =>
        receiver.onDidReceive((got) => {
          if (got === 'the end') resolve()
          else received.push(got)
        }),
      )
      for (const each of messages) sender.send(each)
      sender.send('the end')
      await done
      const plain = (each: Message) => (typeof each === 'string' ? each : [...each])
      expect(received.map(plain)).toEqual(messages.map(plain))
    }),
    { numRuns: 30 },
  )
})

test('a frame that claims to be too long, or is of no known kind, closes the wire and is not waited for', async () => {
  for (const header of [Buffer.from([0xff, 0xff, 0xff, 0xff, 0]), Buffer.from([0, 0, 0, 1, 7])]) {
    const [here, there] = cutPipe([64])
    const wire = streamWire(there)
    const closed = new Promise<void>((resolve) => wire.onDidClose(() => resolve()))
    here.write(header)
    await closed
  }
})
