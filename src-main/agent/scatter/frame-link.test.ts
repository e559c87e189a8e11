import { duplexPair } from 'node:stream'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Depot } from './depot.ts'
import { frame, frames, longestPayload, type Frame } from './frame.ts'
import { FrameLink, FrameReader } from './frame-link.ts'
import { GuestMemory } from './guest-memory.ts'
import { Sealer, sealLength } from './seal.ts'

const noPeer = () => Promise.reject(new Error('no peer'))

test('frames are the same in whatever chunks they come', () => {
  const some = fc.array(fc.record({ first: fc.nat(), count: fc.nat(), extra: fc.integer({ min: 0, max: 255 }), payload: fc.uint8Array({ maxLength: 300 }) }), { maxLength: 12 })
  fc.assert(
    fc.property(some, fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }), (wanted, chunks) => {
      const bytes = Buffer.concat(wanted.map((one) => frame(frames.sealed, { ...one, payload: Buffer.from(one.payload) })))
      const got: Frame[] = []
      const reader = new FrameReader((one) => got.push(one))
      for (let at = 0, i = 0; at < bytes.length; i++) {
        const length = chunks[i % chunks.length] as number
        reader.push(bytes.subarray(at, at + length))
        at += length
      }
      expect(got.map(({ first, count, extra, payload }) => ({ first, count, extra, payload: new Uint8Array(payload) }))).toEqual(wanted.map((one) => ({ ...one, payload: new Uint8Array(one.payload) })))
    }),
  )
})

test('what makes no sense breaks the link, and says so', async () => {
  for (const nonsense of [Buffer.alloc(16, 0xff), frame(frames.sealed, { first: 1, count: 1 }), frame(frames.map, { payload: Buffer.from('{"section":1}') }), frame(frames.ask)]) {
    const [near, far] = duplexPair()
    const link = new Depot(longestPayload, noPeer).takeSource(far)
    near.resume()
    near.write(nonsense)
    expect(await link.closed).not.toBeNull()
  }
})

test('a depot keeps no more than its room, and what it has not got it says', async () => {
  const [source, puts] = duplexPair()
  const [gather, gets] = duplexPair()
  const depot = new Depot(3 * (4096 + sealLength), noPeer)
  depot.takeSource(puts)
  depot.takeGather(gets, () => {})
  const answers: number[] = []
  const toDepot = new FrameLink(source, ({ type }) => answers.push(type))
  const got: Frame[] = []
  const fromDepot = new FrameLink(gather, (one) => got.push(one))
  toDepot.send(frame(frames.map, { payload: new GuestMemory(2, 4096, [{ name: 'pc.ram', length: 64 * 4096 }]).toMessage() }))
  const run = (first: number, count: number) => frame(frames.sealed, { first, count, payload: Buffer.alloc(count * (4096 + sealLength), first) })
  toDepot.send(run(4, 2))
  toDepot.send(run(8, 2))
  toDepot.send(run(20, 1))
  // Once more, from whoever thought that it was lost.
  toDepot.send(run(4, 2))
  await expect.poll(() => answers).toEqual([frames.stored, frames.full, frames.stored, frames.stored])
  expect(depot.bytes).toBe(3 * (4096 + sealLength))
  fromDepot.send(frame(frames.get, { first: 3, count: 3 }))
  await expect.poll(() => got.map(({ type, first, count }) => [type, first, count])).toEqual([
    [frames.missing, 3, 1],
    [frames.sealed, 4, 2],
  ])
})

test('a seal is of this page, this content and this job', () => {
  const [one, other] = [new Sealer(Sealer.newSecret()), new Sealer(Sealer.newSecret())]
  const page = Buffer.alloc(4096, 7)
  const seal = Buffer.alloc(sealLength)
  one.seal(5, page, seal, 0)
  expect(one.isSound(5, page, seal)).toBe(true)
  expect(one.isSound(6, page, seal)).toBe(false)
  expect(other.isSound(5, page, seal)).toBe(false)
  page[4000] = 8
  expect(one.isSound(5, page, seal)).toBe(false)
})
