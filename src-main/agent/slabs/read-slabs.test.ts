import { createHash, randomBytes, randomInt } from 'node:crypto'
import { once } from 'node:events'
import { duplexPair } from 'node:stream'
import { expect, test } from 'vitest'
import { readSlabs } from './read-slabs.ts'
import { slabBytes } from './slab.ts'
import { plainSockets, tlsSockets } from './sockets.fixture.ts'

const kinds = { plain: plainSockets, tls: tlsSockets }
const digest = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

for (const [kind, connected] of Object.entries(kinds)) {
  test(`${kind}: what is read is what was sent, also while it is kept`, async () => {
    const [far, near] = await connected()
    const sent = randomBytes(24 * slabBytes)
    const got = createHash('sha256')
    let received = 0
    const isSaving = readSlabs(far, (bytes, slab) => {
      received += bytes.length
      slab.hold()
      // As one does who writes them on.
      setImmediate(() => {
        got.update(bytes)
        slab.release()
      })
    })
    expect(isSaving).toBe(true)
    far.resume()
    for (let at = 0; at < sent.length; ) {
      const size = randomInt(1, 300_000)
      if (!near.write(sent.subarray(at, at + size))) await once(near, 'drain')
      at += size
    }
    near.end()
    await once(far, 'end')
    await new Promise((resolve) => setImmediate(resolve))
    expect(received).toBe(sent.length)
    expect(got.digest('hex')).toBe(digest(sent))
  })

  test(`${kind}: memory that nobody holds is used again; a pause holds the sender up, and nothing is lost by it`, async () => {
    const [far, near] = await connected()
    const sent = randomBytes(16 * slabBytes)
    const memory = new Set<ArrayBufferLike>()
    let received = Buffer.alloc(0)
    let isOver = false
    readSlabs(far, (bytes) => {
      memory.add(bytes.buffer)
      received = Buffer.concat([received, bytes])
      if (received.length < sent.length / 2 || isOver) return
      isOver = true
      far.pause()
    })
    far.resume()
    let isWritten = false
    near.write(sent.subarray(0, 9 * slabBytes))
    near.write(sent.subarray(9 * slabBytes), () => (isWritten = true))
    await once(far, 'pause')
    const before = received.length
    // What the sender does not get rid of within a second round trip of something else, it is held up with.
    const [other, another] = await connected()
    another.write('x')
    other.on('data', () => other.end('y'))
    await once(another.resume(), 'end')
    expect(received.length - before).toBeLessThanOrEqual(2 * slabBytes)
    expect(isWritten && received.length === sent.length).toBe(false)
    far.resume()
    near.end()
    await once(far, 'end')
    expect(received.equals(sent)).toBe(true)
    expect(memory.size).toBeLessThanOrEqual(2)
  })

  test(`${kind}: what came before is not lost, and what came last comes before the end`, async () => {
    const [far, near] = await connected()
    near.write('first line\nsecond')
    const [greeting] = (await once(far, 'data')) as [Buffer]
    far.pause()
    far.unshift(greeting.subarray(11))
    const got: Buffer[] = []
    readSlabs(far, (bytes) => void got.push(Buffer.from(bytes)))
    far.once('end', () => got.push(Buffer.from('|end')))
    far.resume()
    near.end(' third')
    await once(far, 'end')
    expect(Buffer.concat(got).toString()).toBe('second third|end')
  })
}

test('a stream that is no socket is read as ever', async () => {
  const [far, near] = duplexPair()
  const got: Buffer[] = []
  expect(readSlabs(far, (bytes) => void got.push(bytes))).toBe(false)
  near.end('all of it')
  await once(far.resume(), 'end')
  expect(Buffer.concat(got).toString()).toBe('all of it')
})
