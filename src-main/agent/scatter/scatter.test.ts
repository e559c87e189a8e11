import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Failure } from '../../base/failure.ts'
import { captures } from '../stream/captures.fixture.ts'
import { rig, Taken } from './scatter.fixture.ts'
import type { ScatterSource, SourceStage } from './scatter-source.ts'

const postcopies = ['postcopy72', 'postcopy100'] as const

test.each(postcopies)('%s: the destination gets the same memory, each page once after the switch, and the source is told at once', async (capture) => {
  const { ended, loading, sending, stream, source } = rig({ capture })
  expect(await ended).toEqual([null, null])
  const wanted = Taken.of(stream)
  expect(loading.memory).toEqual(wanted.memory)
  expect(loading.twice).toBe(0)
  expect(loading.after.size).toBe(wanted.after.size)
  expect(loading.kinds.at(-1)).toBe('eof')
  expect(sending).toMatchObject({ shut: true, broke: false })
  await source.settled
})

test('in whatever chunks it comes, with whatever number of depots and replicas', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...postcopies),
      fc.array(fc.integer({ min: 1, max: 70_000 }), { minLength: 1, maxLength: 8 }),
      fc.integer({ min: 0, max: 4 }),
      fc.integer({ min: 1, max: 3 }),
      async (capture, chunks, depots, replicas) => {
        const { ended, loading, stream } = rig({ capture, chunks: [...chunks, 9000], depots, replicas })
        expect(await ended).toEqual([null, null])
        expect(loading.memory).toEqual(Taken.of(stream).memory)
        expect(loading.twice).toBe(0)
      },
    ),
    { numRuns: 12 },
  )
})

/** A guest whose memory is random, large enough that most of it goes to depots: the capture's setup and switch, then pages of our own, and pages of zeros. */
function largeStream(pages: number, zeros = 0): Buffer {
  const taken: Buffer[] = []
  const copy = new Taken()
  let isOver = false
  const record = copy.record.bind(copy)
  copy.record = (one, ...rest: unknown[]) => {
    record(one)
    if (!isOver) taken.push(rest[0] as Buffer)
    if (one.kind === 'packaged' && one.isLast) isOver = true
  }
  copy.page = (_block, _offset, data, ...rest: unknown[]) => void (isOver || taken.push(rest[0] as Buffer, data))
  copy.zero = (_block, _offset, _fill, ...rest: unknown[]) => void (isOver || taken.push(rest[0] as Buffer))
  // The first block, and the sum of all right before it, are as large as the pages need.
  const setup = Buffer.from(captures.postcopy72)
  const lengthAt = setup.indexOf('\x06pc.ram') + 7
  const grown = Math.max(0, (pages + zeros) * 4096 - Number(setup.readBigUInt64BE(lengthAt)))
  for (const at of [lengthAt, lengthAt - 15]) setup.writeBigUInt64BE(setup.readBigUInt64BE(at) + BigInt(grown), at)
  copy.reader.push(setup)
  const section = copy.reader.ramSection as number
  const name = Buffer.from('\x06pc.ram')
  for (let page = 0; page < pages + zeros; page++) {
    const content = page < pages ? 4096 : 1
    const bytes = Buffer.alloc(5 + 8 + 7 + content + 8 + 5, page < pages ? page & 0xff : 0)
    bytes[0] = page === pages + zeros - 1 ? 3 : 2
    bytes.writeUInt32BE(section, 1)
    bytes.writeBigUInt64BE(BigInt(page * 4096) | (page < pages ? 8n : 2n), 5)
    name.copy(bytes, 13)
    if (page < pages) bytes.writeUInt32BE(page, 20)
    bytes.writeBigUInt64BE(0x10n, 5 + 15 + content)
    bytes[bytes.length - 5] = 0x7e
    bytes.writeUInt32BE(section, bytes.length - 4)
    taken.push(bytes)
  }
  return Buffer.concat([...taken, Buffer.from([0])])
}

const large = largeStream(4000)

test('what the destination does not take goes to the depots, and the source is free long before the destination has it all', async () => {
  const { ended, loading, source, sending, gather, depots } = rig({ stream: large, bytesPerTurn: 4096 })
  await source.settled
  expect(sending.shut).toBe(true)
  expect(gather.delivered).toBeLessThan(3000)
  expect(source.sent.sealed).toBeGreaterThan(2500)
  expect(depots.every(({ depot }) => depot.bytes > 1024 * 1024)).toBe(true)
  expect(await ended).toEqual([null, null])
  expect(loading.memory).toEqual(Taken.of(large).memory)
  expect(loading.twice).toBe(0)
})

test('no agent holds more than its bound while the destination reads slowly', async () => {
  const { ended, source, gather, depots } = rig({ stream: large, bytesPerTurn: 2048, replicas: 2 })
  let [held, untaken] = [0, 0]
  const look = setInterval(() => {
    held = Math.max(held, source.heldBytes)
    untaken = Math.max(untaken, gather.untaken)
  }, 1)
  expect(await ended).toEqual([null, null])
  clearInterval(look)
  expect(held).toBeLessThan(50 * 1024 * 1024)
  // Replicas are passed on by the depots: the source's link carries each page but once.
  expect(source.coreBytes).toBeLessThan(large.length * 1.1)
  expect(depots.reduce((sum, { depot }) => sum + depot.bytes, 0)).toBeGreaterThan(source.sent.sealed * 4096 * 2)
  expect(untaken).toBeLessThan(4 * 1024 * 1024)
})

test('what the guest waits for is asked of QEMU by the name of its block, and comes from wherever it is', async () => {
  const asksFor = [...Array(200).keys()].map((i) => ({ block: 'pc.ram', start: (i * 13 + 500) * 4096 }))
  const { ended, loading, sending, source } = rig({ stream: large, bytesPerTurn: 8192, asksFor })
  expect(await ended).toEqual([null, null])
  expect(loading.memory).toEqual(Taken.of(large).memory)
  expect(loading.twice).toBe(0)
  expect(sending.asked.every((one) => one.startsWith('pc.ram+'))).toBe(true)
  const { direct, depot } = source.counts
  expect(direct + depot).toBe(200)
})

test('a rate of gathering that is used up for long does not hold the source up: what costs next to nothing goes on', async () => {
  const { source, gather, ended } = rig({ stream: largeStream(300, 30_000), gatherMiBps: 0.001 })
  await source.settled
  await expect.poll(() => gather.delivered).toBeGreaterThanOrEqual(30_000)
  expect(source.sent.sealed).toBeGreaterThan(200)
  gather.fail(new Failure('move-ended', 'The move has ended.'))
  await ended
})

test('a depot that goes after the switch: with two replicas nothing is lost', async () => {
  const { ended, loading, source, depots, warnings } = rig({ stream: large, bytesPerTurn: 4096, replicas: 2 })
  await source.settled
  depots[1]?.kill()
  expect((await ended)[1]).toBeNull()
  expect(loading.memory).toEqual(Taken.of(large).memory)
  expect(loading.twice).toBe(0)
  expect(warnings.join()).toContain('depot-2 is lost')
})

test('a depot that goes while it is being filled: the others take its share', async () => {
  const { ended, loading, source, depots } = rig({ stream: large, bytesPerTurn: 4096, replicas: 2 })
  await new Promise<void>((resolve) => {
    const look = setInterval(() => {
      if (source.sent.sealed < 200) return
      clearInterval(look)
      resolve()
    }, 0)
  })
  depots[0]?.kill()
  expect(await ended).toEqual([null, null])
  expect(loading.memory).toEqual(Taken.of(large).memory)
  expect(loading.twice).toBe(0)
})

test('a link to a depot with the only copy breaks: it is dialled again, and what was asked for comes', async () => {
  const { ended, source, depots, loading, warnings } = rig({ stream: large, bytesPerTurn: 4096, replicas: 1 })
  await source.settled
  depots[0]?.get.destroy()
  depots[2]?.get.destroy()
  expect(await ended).toEqual([null, null])
  expect(loading.memory).toEqual(Taken.of(large).memory)
  expect(loading.twice).toBe(0)
  expect(warnings.join()).toContain('depot-3 is away')
})

test('a depot with the only copy that is out of reach is told as such, and waited for', async () => {
  const { ended, source, depots, loading, cuts } = rig({ stream: large, bytesPerTurn: 4096, replicas: 1 })
  await source.settled
  cuts.isCut = true
  depots[1]?.get.destroy()
  await expect.poll(() => source.counts.away).toBe(2)
  cuts.isCut = false
  expect(await ended).toEqual([null, null])
  expect(source.counts).toMatchObject({ away: 0, lost: 0 })
  expect(loading.memory).toEqual(Taken.of(large).memory)
})

test('a depot that goes with the only copy: the VM’s memory is lost, and that is said', async () => {
  const { ended, source, depots, loading } = rig({ stream: large, bytesPerTurn: 4096, replicas: 1 })
  await source.settled
  depots[0]?.kill()
  const [, atDestination] = await ended
  expect(atDestination).toMatchObject({ code: 'scatter-pages-lost', next: expect.stringContaining('two replicas') as string })
  expect(loading.kinds).not.toContain('eof')
})

test.each([1, 2])('a depot that returns wrong bytes is found out, and nothing of it is used (replicas: %i)', async (replicas) => {
  const { ended, loading, warnings } = rig({
    stream: large,
    bytesPerTurn: 4096,
    replicas,
    corrupt: (index, bytes) => {
      if (index !== 2 || bytes[0] !== 8) return bytes
      const wrong = Buffer.from(bytes)
      wrong[wrong.length - 100] = (wrong[wrong.length - 100] as number) ^ 1
      return wrong
    },
  })
  const [, atDestination] = await ended
  expect(warnings.join()).toContain('depot-3 returned wrong bytes')
  const wanted = Taken.of(large).memory
  for (const [key, page] of loading.after) expect(page === wanted.get(key)).toBe(true)
  if (replicas === 2) {
    expect(atDestination).toBeNull()
    expect(loading.memory).toEqual(wanted)
  } else expect(atDestination?.code).toBe('scatter-pages-lost')
})

test('depots without room: the destination takes it all, at its own pace', async () => {
  const { ended, loading } = rig({ stream: large, room: 1024 * 1024 })
  expect(await ended).toEqual([null, null])
  expect(loading.memory).toEqual(Taken.of(large).memory)
})

test('before the switch a depot or the destination that goes ends it, with QEMU’s connection broken so that the VM runs on', async () => {
  for (const which of ['depot', 'destination'] as const) {
    const { source, sending, depots, link, gather } = rig({ stream: captures.postcopy72.subarray(0, 20_000) })
    if (which === 'depot') depots[2]?.kill()
    else link.destroy()
    expect((await source.ended)?.code).toBe(which === 'depot' ? 'scatter-depot' : 'relay-broken')
    expect((await gather.ended)?.code).toBe('relay-broken')
    await sending.closed
    expect(sending.broke).toBe(true)
  }
})

test('in the midst of scattering, the way to the destination breaks: both QEMUs see it, so that the post-copy can be resumed', async () => {
  const { source, gather, sending, loading, link } = rig({ stream: large, bytesPerTurn: 4096 })
  await new Promise<void>((resolve) => void loading.end.once('data', () => resolve()))
  while (source.stage === 'setup') await new Promise((resolve) => setImmediate(resolve))
  link.destroy()
  expect((await source.ended)?.code).toBe('relay-broken')
  expect((await gather.ended)?.code).toBe('relay-broken')
  await sending.closed
  expect(sending).toMatchObject({ broke: true, shut: false })
  await expect.poll(() => loading.end.destroyed).toBe(true)
})

test('the way to the destination breaks when QEMU has sent all: it is told SHUT and sees no break, for it would run its guest again', async () => {
  const { source, sending, link } = rig({ stream: large, bytesPerTurn: 4096, isMidway: () => Promise.resolve(false) })
  while (source.stage === 'setup') await new Promise((resolve) => setImmediate(resolve))
  link.destroy()
  expect((await source.ended)?.code).toBe('relay-broken')
  await sending.closed
  expect(sending).toMatchObject({ broke: false, shut: true })
})

/** When the source has got so far, or has got everything out of QEMU. */
async function reached(source: ScatterSource, stage: SourceStage): Promise<void> {
  while (source.stage !== stage && source.stage !== 'over') await new Promise((resolve) => setImmediate(resolve))
}

test.each(['scattering', 'drained', 'settled'] as const)('%s: the way to the destination breaks, and is dialled again: what had not arrived does, and the source is free', async (stage) => {
  const { ended, source, loading, sending, links, warnings, answer } = rig({ stream: large, bytesPerTurn: 4096, waitsMs: 5000, replicas: 2, holdsAnswers: stage === 'drained' })
  await reached(source, stage)
  links.at(-1)?.destroy()
  await expect.poll(() => warnings.join()).toContain('the destination is away')
  answer()
  await source.settled
  expect(sending).toMatchObject({ broke: false })
  expect(await ended).toEqual([null, null])
  expect(loading.memory).toEqual(Taken.of(large).memory)
  expect(loading.twice).toBe(0)
})

test('it breaks again and again, at any moment after the switch', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 60 }), { minLength: 1, maxLength: 6 }), fc.integer({ min: 1, max: 2 }), async (turns, replicas) => {
      const { ended, source, gather, loading, sending, links } = rig({ stream: large, bytesPerTurn: 16_384, waitsMs: 5000, replicas })
      while (gather.delivered === 0) await new Promise((resolve) => setImmediate(resolve))
      for (const count of turns) {
        for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve))
        links.at(-1)?.destroy()
      }
      expect(await ended).toEqual([null, null])
      expect(source.stage).toBe('over')
      expect(sending).toMatchObject({ broke: false, shut: true })
      expect(loading.memory).toEqual(Taken.of(large).memory)
      expect(loading.twice).toBe(0)
    }),
    { numRuns: 12 },
  )
}, 30_000)

test('a link that stays broken right after QEMU’s end of stream for longer than one try: nothing is lost', async () => {
  const { ended, source, loading, links, cuts, answer } = rig({ stream: large, bytesPerTurn: 4096, waitsMs: 60_000, holdsAnswers: true })
  await reached(source, 'drained')
  cuts.isCut = true
  links.at(-1)?.destroy()
  answer()
  await expect.poll(() => cuts.dials, { timeout: 5000 }).toBeGreaterThan(1)
  expect(source.stage).toBe('drained')
  cuts.isCut = false
  expect(await ended).toEqual([null, null])
  expect(loading.memory).toEqual(Taken.of(large).memory)
})

test('a source that does not come back: the destination says that memory is missing', async () => {
  const { source, gather, links, cuts, loading } = rig({ stream: large, bytesPerTurn: 4096, waitsMs: 50, holdsAnswers: true })
  await reached(source, 'drained')
  cuts.isCut = true
  links.at(-1)?.destroy()
  expect(await gather.ended).toMatchObject({ code: 'relay-broken' })
  expect(loading.kinds).not.toContain('eof')
  source.fail(new Failure('move-ended', 'The move has ended.'))
})

test('once it is settled, the source may go and the destination has everything all the same', async () => {
  const { source, gather, loading, link } = rig({ stream: large, bytesPerTurn: 4096 })
  await source.settled
  link.destroy()
  expect((await source.ended)?.code).toBe('scatter-destination-lost')
  expect(await gather.ended).toBeNull()
  expect(loading.memory).toEqual(Taken.of(large).memory)
})

test('a stream that cannot switch is refused before memory moves', async () => {
  const { source } = rig({ capture: 'precopy72' })
  expect((await source.ended)?.code).toBe('scatter-precopy')
})
