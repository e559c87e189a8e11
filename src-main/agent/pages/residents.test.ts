import { duplexPair } from 'node:stream'
import { expect, test } from 'vitest'
import { Destination, open, openStream, pagesOf, play } from './channel.fixture.ts'
import { fingerprintOf } from './fingerprint.ts'
import { frameOf, frames } from './frame.ts'
import { readRackPages } from './page-receiver.ts'
import { ResidentPages } from './resident-pages.ts'
import { streamOf } from './stream.fixture.ts'

// Pages of VMs that run at the destination: they need not cross.

const likenessOf = (page: Buffer) => {
  const { high, low } = fingerprintOf(page)
  const words = Buffer.alloc(8)
  words.writeInt32BE(high, 0)
  words.writeInt32BE(low, 4)
  return words
}

/** Until what the destination has sent so far is with the source. */
const settled = async () => {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve))
}

test('what a VM there holds goes by its name, also after that VM has written over it', async () => {
  const destination = new Destination({ residents: 200 })
  const sender = await open(destination)
  const shared = pagesOf(150)
  const memory = Buffer.concat([Buffer.alloc(4096), ...shared, Buffer.alloc(4096, 7), ...shared.slice(0, 20)])
  expect(destination.receiver.reside(memory)).toBe(true)
  expect(destination.receiver.residentPages).toBe(150)
  memory.fill(1)
  await settled()
  const bytes = streamOf([...shared, ...pagesOf(10), ...shared.slice(0, 5)])
  const streams = [await openStream(sender, 0), await openStream(sender, 1)] as const
  expect(await play(streams[0], bytes)).toBe(null)
  expect(await play(streams[1], bytes)).toBe(null)
  for (const vm of [0, 1]) expect(destination.stream(vm).equals(bytes)).toBe(true)
  expect(streams[0].counts).toMatchObject({ alreadyThere: 150, inVm: 5, unique: 10, acrossVms: 0, filled: 0 })
  expect(streams[1].counts).toMatchObject({ alreadyThere: 150, inVm: 5, unique: 0, acrossVms: 10, filled: 0 })
})

test('no more is kept than was said, and nothing once the source’s VMs are about to change over', async () => {
  const destination = new Destination({ residents: 64 })
  const sender = await open(destination)
  expect(destination.receiver.reside(Buffer.concat(pagesOf(40)))).toBe(true)
  expect(destination.receiver.reside(Buffer.concat(pagesOf(40)))).toBe(false)
  expect(destination.receiver.residentPages).toBe(64)
  expect(destination.receiver.enough.aborted).toBe(false)
  sender.enough()
  await settled()
  expect(destination.receiver.enough.aborted).toBe(true)
  expect(new Destination().receiver.reside(Buffer.concat(pagesOf(1)))).toBe(false)
})

test('a destination that says it has pages which it has not, or other ones, gets them from the source: slower, never wrong', async () => {
  const destination = new Destination({ residents: 64 })
  const sender = await open(destination)
  const pages = pagesOf(30)
  destination.far.write(frameOf(frames.resident, 0, Buffer.concat(pages.slice(0, 20).map(likenessOf))))
  destination.receiver.reside(Buffer.concat(pagesOf(10)))
  await settled()
  const bytes = streamOf(pages)
  const stream = await openStream(sender, 0)
  expect(await play(stream, bytes)).toBe(null)
  expect(destination.stream(0).equals(bytes)).toBe(true)
  expect(stream.counts).toMatchObject({ alreadyThere: 20, unique: 10, filled: 20 })
})

test.each([
  ['tells of more pages than it said it would keep', 65 * 8],
  ['tells of half a page', 12],
])('a destination that %s is not spoken with any longer', async (_, length) => {
  const destination = new Destination({ residents: 64 })
  const sender = await open(destination)
  destination.far.write(frameOf(frames.resident, 0, Buffer.alloc(length, 3)))
  expect(await sender.closed).toMatchObject({ code: 'pages-malformed' })
})

test('what a VM on one host of a rack holds is brought from there to another', async () => {
  const second = new Destination()
  const first = new Destination({
    residents: 100,
    dialPeer: () => {
      const [here, there] = duplexPair()
      there.on('data', readRackPages((page) => second.receiver.brought(page)))
      return Promise.resolve(here)
    },
  })
  const senders = [await open(first), await open(second)] as const
  senders[0].addPeer(senders[1], { gang: 'gang-one', route: { via: 'socket', path: '/nowhere' } })
  const pages = pagesOf(80)
  first.receiver.reside(Buffer.concat(pages))
  await settled()
  const bytes = streamOf(pages)
  const stream = await openStream(senders[1], 0)
  expect(await play(stream, bytes)).toBe(null)
  expect(second.stream(0).equals(bytes)).toBe(true)
  expect(stream.counts).toMatchObject({ alreadyThere: 80, unique: 0, filled: 0 })
})

test('pages filled with one byte, and those that are there already, take no room', () => {
  const residents = new ResidentPages(10)
  const [page] = pagesOf(1) as [Buffer]
  const nearly = Buffer.alloc(4096)
  nearly[4095] = 1
  expect(residents.add(Buffer.concat([Buffer.alloc(4096), page, page, Buffer.alloc(4096, 0xff), nearly]))).toEqual(Buffer.concat([likenessOf(page), likenessOf(nearly)]))
  expect(residents.count).toBe(2)
})
