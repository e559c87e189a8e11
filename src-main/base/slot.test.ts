import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { Slot, Slots } from './slot.ts'

// A property over many orders takes its time on a busy machine.
vi.setConfig({ testTimeout: 60_000 })

/** Sums of what was offered, with how many offers a value stands for. */
interface Sum {
  readonly total: number
  readonly count: number
}

function sums(): Slot<Sum, Sum & { seq: number }> {
  return new Slot(
    (a, b) => ({ total: a.total + b.total, count: a.count + b.count }),
    (value, seq) => ({ ...value, seq }),
  )
}

test('whatever the order of offers, reads and acknowledgements: nothing is lost, at most one value waits, at most two are in flight', async () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('offer' as const), value: fc.integer({ min: -1000, max: 1000 }) }),
    fc.record({ kind: fc.constant('read' as const) }),
    fc.record({ kind: fc.constant('ack' as const), seq: fc.integer({ min: -1, max: 200 }) }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 200 }), async (steps) => {
      const slot = sums()
      const frames = slot.frames()
      const received: (Sum & { seq: number })[] = []
      let reading: Promise<void> | null = null
      let offered = 0
      for (const { kind, ...rest } of steps) {
        if (kind === 'offer') {
          const { value } = rest as { value: number }
          offered += value
          slot.offer({ total: value, count: 1 })
        } else if (kind === 'ack') slot.ack((rest as { seq: number }).seq)
        else {
          reading ??= frames.next().then((result) => {
            if (!result.done) received.push(result.value)
            reading = null
          })
        }
        // Let a read that can finish do so.
        await new Promise((resolve) => setImmediate(resolve))
        expect(slot.inFlight).toBeLessThanOrEqual(2)
      }
      for (const { seq } of received) slot.ack(seq)
      slot.close()
      await reading
      for (;;) {
        const result = await frames.next()
        if (result.done) break
        received.push(result.value)
        slot.ack(result.value.seq)
      }
      expect(received.map(({ seq }) => seq)).toEqual(received.map((_, i) => i + 1))
      expect(received.reduce((sum, { total }) => sum + total, 0)).toBe(offered)
    }),
    { numRuns: 100 },
  )
})

test('a consumer that never acknowledges costs two frames and one waiting value, however much is offered', async () => {
  let alive = 0
  let most = 0
  const slot = new Slot<{ weight: number }, { seq: number; weight: number }>(
    (_, next) => {
      alive--
      return next
    },
    ({ weight }, seq) => ({ seq, weight }),
  )
  const frames = slot.frames()
  const taken: number[] = []
  void (async () => {
    for await (const { seq } of frames) taken.push(seq)
  })()
  for (let i = 0; i < 100_000; i++) {
    alive++
    slot.offer({ weight: i })
    most = Math.max(most, alive)
    if (i % 1000 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  expect(taken).toEqual([1, 2])
  // Two were taken and are in flight; of all the others only one is held.
  expect(most - 2).toBeLessThanOrEqual(2)
  slot.ack(2)
  await new Promise((resolve) => setImmediate(resolve))
  expect(taken).toEqual([1, 2, 3])
  slot.close()
})

test('abort ends a waiting consumer with the reason, and what was offered afterwards is not kept', async () => {
  const slot = sums()
  const abort = new AbortController()
  const waiting = slot.frames(abort.signal).next()
  abort.abort(new Error('page gone'))
  await expect(waiting).rejects.toThrow('page gone')
  slot.offer({ total: 1, count: 1 })
  expect((await slot.frames().next()).done).toBe(true)
})

test('close delivers what waits; close with an error throws it', async () => {
  const slot = sums()
  slot.offer({ total: 7, count: 1 })
  slot.close()
  const frames = slot.frames()
  expect((await frames.next()).value).toMatchObject({ total: 7, seq: 1 })
  expect((await frames.next()).done).toBe(true)

  const broken = sums()
  broken.offer({ total: 7, count: 1 })
  broken.close(new Error('host gone'))
  await expect(broken.frames().next()).rejects.toThrow('host gone')
})

test('a second subscription under one id ends the first; its late end does not remove the second', () => {
  const slots = new Slots<Slot<Sum, Sum & { seq: number }>>()
  const first = sums()
  const forgetFirst = slots.add('a', first)
  const second = sums()
  const forgetSecond = slots.add('a', second)
  forgetFirst()
  expect(slots.size).toBe(1)
  slots.ack('a', 1)
  slots.ack('unknown', 1)
  forgetSecond()
  expect(slots.size).toBe(0)
})
