import { randomBytes } from 'node:crypto'
import { duplexPair } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { captures } from '../stream/captures.fixture.ts'
import { Destination, open, openStream, pagesOf, play } from './channel.fixture.ts'
import { frameOf, frames } from './frame.ts'
import { Pacer } from './pacer.ts'
import { readRackPages } from './page-receiver.ts'
import type { SenderStream } from './sender-stream.ts'
import { streamOf } from './stream.fixture.ts'

/** A channel with one stream, and what plays its source's QEMU. */
async function oneStream() {
  const destination = new Destination()
  const stream = await openStream(await open(destination), 0)
  const [qemu, agent] = duplexPair()
  qemu.on('error', () => {})
  stream.attach(agent)
  return { destination, stream, qemu, agent }
}

describe('a gang’s channel', () => {
  it('brings each VM’s stream byte for byte, and content that was there before only by its name', async () => {
    const destination = new Destination()
    const sender = await open(destination)
    const shared = pagesOf(300)
    const own = [0, 1, 2].map(() => pagesOf(20))
    const bytes = own.map((pages) => streamOf([...shared, null, null, ...pages, pages[0]!, shared[7]!]))
    const streams = await Promise.all([0, 1, 2].map((vm) => openStream(sender, vm)))
    expect(await Promise.all(streams.map((stream, vm) => play(stream, bytes[vm]!)))).toEqual([null, null, null])
    for (const vm of [0, 1, 2]) expect(destination.stream(vm).equals(bytes[vm]!)).toBe(true)
    const counts = streams.map((stream) => stream.counts)
    const sum = (of: (one: SenderStream['counts']) => number) => counts.reduce((total, one) => total + of(one), 0)
    expect(sum((one) => one.unique)).toBe(300 + 60)
    expect(sum((one) => one.acrossVms)).toBe(600)
    expect(sum((one) => one.inVm)).toBe(6)
    expect(sum((one) => one.zero)).toBe(6)
    expect(sum((one) => one.coreBytes)).toBeLessThan(360 * 4096 * 1.1 + 3 * 100_000)
    sender.close()
    expect(await sender.closed).toBe(null)
    expect(await destination.receiver.over).toBe(null)
  })

  it('is right whatever the chunks, with a store of any size, and with what a real QEMU sent', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 400 }), fc.array(fc.integer({ min: 3000, max: 200_000 }), { minLength: 2, maxLength: 4 }), async (slots, chunks) => {
        const destination = new Destination({ slots })
        const sender = await open(destination)
        const shared = pagesOf(120)
        const bytes = chunks.map((_, vm) => (vm === 0 ? captures.precopy72 : streamOf([...shared, ...pagesOf(9), ...shared.slice(0, 40)])))
        const streams = await Promise.all(chunks.map((_, vm) => openStream(sender, vm)))
        expect(await Promise.all(streams.map((stream, vm) => play(stream, bytes[vm]!, chunks[vm])))).toEqual(chunks.map(() => null))
        chunks.forEach((_, vm) => expect(destination.stream(vm).equals(bytes[vm]!)).toBe(true))
        sender.close()
      }),
      { numRuns: 15 },
    )
  })

  it('asks for a page again where the store holds another one, so that the store can never corrupt a guest', async () => {
    const destination = new Destination()
    const sender = await open(destination)
    const shared = pagesOf(50)
    const bytes = streamOf(shared)
    expect(await play(await openStream(sender, 0), bytes)).toBe(null)
    // Another sender on the same channel writes over what the first believes to be there.
    const liar = pagesOf(1)[0]!
    const frame = frameOf(frames.data, 9, Buffer.concat([Buffer.from([0, 1, 0x40, 0, 0, 7]), liar]))
    await openStream(sender, 1).then((stream) => {
      frame.writeUInt16BE(stream.number, 6)
      sender.write([frame], frame.length)
    })
    const third = await openStream(sender, 2)
    expect(await play(third, bytes)).toBe(null)
    expect(destination.stream(2).equals(bytes)).toBe(true)
    expect(third.counts.filled).toBe(1)
  })

  it('refuses post-copy, an unknown stream and a QEMU that is not there, each with its reason, and the others go on', async () => {
    const destination = new Destination()
    const sender = await open(destination)
    const streams = await Promise.all([0, 1, 2].map((vm) => openStream(sender, vm)))
    const bytes = streamOf(pagesOf(20))
    const ends = await Promise.all([play(streams[0]!, captures.postcopy100), play(streams[1]!, Buffer.from('GET / HTTP/1.1\r\n\r\n')), play(streams[2]!, bytes)])
    expect(ends.map((end) => end?.code ?? null)).toEqual(['gang-postcopy', 'stream-malformed', null])
    expect(destination.stream(2).equals(bytes)).toBe(true)
    expect(destination.qemus.map((qemu) => qemu.destroyed || qemu.readableEnded)).toEqual([true, true, true])
    const nobody = await open(new Destination({ dialQemu: () => Promise.reject(new Error('connection refused')) }))
    await expect(openStream(nobody, 0)).rejects.toMatchObject({ code: 'relay-no-qemu' })
  })

  it('breaks both ends’ connections when it is lost, and says why', async () => {
    const { destination, stream, qemu, agent } = await oneStream()
    qemu.write(streamOf(pagesOf(30)).subarray(0, 100_000))
    await new Promise((resolve) => destination.qemus[0]!.once('data', resolve))
    destination.near.destroy()
    expect((await stream.ended)?.code).toBe('pages-lost')
    expect((await destination.receiver.over)?.code).toBe('pages-lost')
    expect([agent.destroyed, destination.qemus[0]!.readableEnded || destination.qemus[0]!.destroyed]).toEqual([true, true])
  })

  it('holds no more than a window of what its destination does not read', async () => {
    const window = 256 * 1024
    const destination = new Destination({ window }, false)
    const sender = await open(destination)
    const stream = await openStream(sender, 0)
    const [qemu, agent] = duplexPair()
    stream.attach(agent)
    const bytes = streamOf(pagesOf(3000))
    let isTaken = true
    let at = 0
    while (isTaken && at < bytes.length) {
      isTaken = qemu.write(bytes.subarray(at, at + 65_536))
      at += 65_536
      qemu.once('drain', () => (isTaken = true))
      while (!isTaken && !stream.isFull) await new Promise((resolve) => setImmediate(resolve))
    }
    expect(stream.isFull).toBe(true)
    expect(at).toBeLessThan(window + 400_000)
    const got: Buffer[] = []
    destination.qemus[0]!.on('data', (chunk: Buffer) => got.push(chunk))
    for (; at < bytes.length; at += 65_536) if (!qemu.write(bytes.subarray(at, at + 65_536))) await new Promise((resolve) => qemu.once('drain', resolve))
    qemu.end()
    expect(await stream.ended).toBe(null)
    expect(Buffer.concat(got).equals(bytes)).toBe(true)
  })

  it.each([
    ['all of it', 0, null],
    ['a part of it', 300_000, 'relay-destination'],
  ])('a destination’s QEMU that hangs up first when it has got %s', async (_, missing, code) => {
    const { destination, stream, qemu } = await oneStream()
    const bytes = streamOf(pagesOf(200))
    let got = 0
    destination.qemus[0]!.on('data', (chunk: Buffer) => {
      got += chunk.length
      // A page that has not come whole is not sent on.
      if (got >= bytes.length - missing - Math.min(missing, 8192)) destination.qemus[0]!.end()
    })
    // Like QEMU, which ends its stream when it finds that the other one has gone.
    qemu.on('end', () => qemu.end()).resume()
    qemu.write(bytes.subarray(0, bytes.length - missing))
    expect((await stream.ended)?.code ?? null).toBe(code)
    if (code === null) expect(stream.bytes).toEqual({ fromQemu: bytes.length, toQemu: bytes.length })
  })

  it('carries the return path back as it is', async () => {
    const destination = new Destination()
    const sender = await open(destination)
    const stream = await openStream(sender, 0)
    const [qemu, agent] = duplexPair()
    stream.attach(agent)
    const back: Buffer[] = []
    qemu.on('data', (chunk: Buffer) => back.push(chunk))
    destination.qemus[0]!.write(captures.return100)
    qemu.end(streamOf(pagesOf(3)))
    expect(await stream.ended).toBe(null)
    expect(Buffer.concat(back).equals(captures.return100)).toBe(true)
  })

  it('keeps to one budget for all', async () => {
    let now = 0
    const pacer = new Pacer(() => {}, () => now)
    pacer.setRate(1000)
    pacer.spend(500)
    expect(pacer.isSpent).toBe(true)
    now = 501
    expect(pacer.isSpent).toBe(false)
    pacer.dispose()
  })

  it('lets a VM that stands still for its switch go first', async () => {
    let now = 0
    const told: { regate: () => void } = { regate: () => {} }
    const pacer = new Pacer(() => told.regate(), () => now)
    const sender = await open(new Destination(), pacer)
    told.regate = () => sender.regate()
    const streams = [await openStream(sender, 0), await openStream(sender, 1)] as const
    const qemus = streams.map((stream) => {
      const [qemu, agent] = duplexPair()
      qemu.on('error', () => {})
      qemu.resume()
      stream.attach(agent)
      return qemu
    })
    const bytes = streamOf(pagesOf(40))
    // Its memory has ended (0x03), its device state has not come: the VM stands still.
    qemus[1]!.write(bytes.subarray(0, bytes.length - 5000))
    while (!streams[1].isUrgent) await new Promise((resolve) => setImmediate(resolve))
    pacer.setRate(1000)
    pacer.spend(1_000_000)
    sender.regate()
    qemus[0]!.end(bytes)
    qemus[1]!.end(bytes.subarray(bytes.length - 5000))
    // The budget is paid for long enough that both could go on for a piece.
    now = 2_000_000
    sender.regate()
    await new Promise((resolve) => setImmediate(resolve))
    expect(streams[0].bytes.fromQemu).toBe(0)
    now = 4_000_000
    pacer.setRate(null)
    expect(await Promise.all(streams.map((stream) => stream.ended))).toEqual([null, null])
  })

  it('takes nothing that is no frame, no table and no page', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 8, maxLength: 400 }), fc.constantFrom(frames.data, frames.fill, frames.forward, frames.peer, frames.open, 99), async (noise, kind) => {
        const destination = new Destination()
        const sender = await open(destination)
        const stream = await openStream(sender, 0)
        // A table of 200 segments that there is no room for makes every body of `data` unsound.
        const body = Buffer.concat([Buffer.from([0, 200]), noise])
        const frame = frameOf(kind, stream.number, body)
        sender.write([frame], frame.length)
        const wrong = frameOf(200, 0, null)
        wrong.writeUInt32BE(0x7fff_ffff, 0)
        sender.write([wrong], wrong.length)
        expect((await destination.receiver.over)?.code).toBe('pages-malformed')
        expect(destination.stream(0).length).toBe(0)
        expect((await stream.ended)?.code).toMatch(/^pages-/)
      }),
      { numRuns: 30 },
    )
  })
})

describe('inside a rack', () => {
  /** Two destinations whose hosts reach each other; `mangle` sits on the way from the first to the second. */
  const rack = async (mangle: (page: Buffer) => Buffer | null, patienceMs = 5000) => {
    const second = new Destination({ patienceMs })
    const first = new Destination({
      dialPeer: () => {
        const [here, there] = duplexPair()
        const push = readRackPages((page) => {
          const brought = mangle(page)
          if (brought) second.receiver.brought(brought)
        })
        there.on('data', push)
        return Promise.resolve(here)
      },
    })
    const senders = [await open(first), await open(second)] as const
    senders[0].addPeer(senders[1], { gang: 'gang-one', route: { via: 'socket', path: '/nowhere' } })
    await new Promise((resolve) => setImmediate(resolve))
    const shared = pagesOf(200)
    const bytes = streamOf([...shared, ...shared.slice(0, 20)])
    expect(await play(await openStream(senders[0], 0), bytes)).toBe(null)
    const stream = await openStream(senders[1], 1)
    expect(await play(stream, bytes)).toBe(null)
    expect(second.stream(0).equals(bytes)).toBe(true)
    return { second, counts: stream.counts }
  }

  it('a page crosses to one host, which brings it to the other', async () => {
    const { second, counts } = await rack((page) => page)
    expect(counts).toMatchObject({ alreadyThere: 200, inVm: 20, unique: 0, filled: 0 })
    expect(counts.coreBytes).toBeLessThan(200 * 200 + 100_000)
    expect(second.receiver.rackBytes).toBe(200 * 4096)
  })

  it('a page that does not come, or comes changed, is sent by the source after all', async () => {
    let count = 0
    const { counts } = await rack((page) => {
      count += 1
      if (count % 3 === 0) return null
      return count % 3 === 1 ? page : randomBytes(4096)
    }, 30)
    expect(counts.filled).toBeGreaterThanOrEqual(133)
  })
})
